"""The broker of a run and the harness's own MQTT client."""
