"""Hardware-in-the-loop qualification of the MQTT behaviour of Codey Rocky boards."""
