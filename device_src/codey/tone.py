"""`codey.speaker`: tones of a square wave. Source: docs/codey.md, "Speaker".

Stock MicroPython has no continuous output of samples at the DAC's pin, and PWM at the same pin.
The volume is the wave's duty, half the period at 100. Unverified on hardware.
"""

from machine import PWM, Pin

from codey import observer
from codey.argument import clamped, is_number
from codey.script import point, sleep_ms, whole

_PIN = 25
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class Speaker:
    """The speaker; `hz` is the tone that sounds, 0 for none."""

    def __init__(self):
        self.hz = 0
        self._volume = 100
        self._tempo = 60
        self._pwm = None
        self._count = 0  # of the sounds so far: who waits for the end of one knows it again

    @property
    def volume(self):
        """The loudness, 0 to 100; also of the tone that sounds."""
        return self._volume

    @volume.setter
    def volume(self, value):
        value = clamped(value, 0, 100)
        if value is not None:
            with whole:
                self._volume = value
                if self.hz:
                    self._pwm.duty(self._duty())
                    self._tell()

    @property
    def tempo(self):
        """Beats a minute, 6 to 600."""
        return self._tempo

    @tempo.setter
    def tempo(self, value):
        value = clamped(value, 6, 600)
        if value is not None:
            self._tempo = value

    def stop_sounds(self):
        """Be silent."""
        with whole:
            self._sound(0)

    def play_tone(self, freq, time=None):
        """Play 0 to 5000 Hz for `time` seconds and wait, or until stopped when there is no time.

        Seconds, as on the board; the vendor's page says milliseconds.
        """
        freq = clamped(freq, 0, 5000)
        if freq is not None:
            self._play(freq, time)

    def play_note(self, note_num, beat=None):
        """Play a note, 60 or "C4" being the middle C, for some beats and wait, or until stopped."""
        if type(note_num) is str:
            note_num = _number(note_num)
        note_num = clamped(note_num, 0, 127)
        if note_num is not None:
            hz = round(440 * 2 ** ((note_num - 69) / 12))
            self._play(hz, beat * 60 / self._tempo if is_number(beat) else beat)

    def rest(self, number):
        """Wait for some beats."""
        point()
        if is_number(number) and number > 0:
            sleep_ms(int(number * 60000 / self._tempo))

    def _play(self, hz, seconds):
        if seconds is not None and not (is_number(seconds) and seconds > 0):
            return
        with whole:
            self._sound(hz)
            mine = self._count
        if seconds is None:
            return
        try:
            sleep_ms(int(seconds * 1000))
        finally:
            # Also when the handler that plays is ended; but not another one's sound.
            if self._count == mine:
                self._sound(0)

    def _sound(self, hz):
        self._count += 1
        if hz == self.hz:
            return
        self.hz = hz
        if not hz:
            self._pwm.deinit()
            self._pwm = None
        elif self._pwm:
            self._pwm.freq(hz)
        else:
            self._pwm = PWM(Pin(_PIN), freq=hz, duty=self._duty())
        self._tell()

    def _duty(self):
        return self._volume * 512 // 100

    def _tell(self):
        if observer.notify:
            observer.notify("speaker", self.hz, self._volume)


def _number(name):
    """Return the number of a note from its name, C2 to D8, or None."""
    letter, octave = name[:1], name[-1:]
    if letter not in _SEMITONES or name[1:-1] not in ("", "#") or octave not in "2345678":
        return None
    return 12 * (int(octave) + 1) + _SEMITONES[letter] + len(name) - 2


speaker = Speaker()
