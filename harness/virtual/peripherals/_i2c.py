"""`machine.I2C` and `SoftI2C`: a bus on which the board's motion sensor is the only chip."""

import errno

import _bench
from _gpio import Pin

_ADDRESS = const(0x68)  # noqa: F821, known to the compiler


class SoftI2C:
    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        # On other pins than its own there is nothing.
        self._has_imu = Pin(scl).id == 18 and Pin(sda).id == 19

    def init(self, scl, sda, *, freq=400000):
        self.__init__(scl, sda, freq=freq)

    def deinit(self):
        pass

    def _find(self, address):
        if not self._has_imu or address != _ADDRESS or not _bench.refresh()[_bench.IMU_ID]:
            raise OSError(errno.ENODEV)
        # Loaded with the first transfer: most programs have none.
        import _imu

        return _imu

    def scan(self):
        try:
            self._find(_ADDRESS)
        except OSError:
            return []
        return [_ADDRESS]

    def readfrom_into(self, addr, buf, stop=True):
        self._find(addr).read(buf)

    def readfrom(self, addr, nbytes, stop=True):
        buffer = bytearray(nbytes)
        self.readfrom_into(addr, buffer)
        return bytes(buffer)

    def writeto(self, addr, buf, stop=True):
        self._find(addr).write(buf)
        return len(buf)

    def writevto(self, addr, vector, stop=True):
        return self.writeto(addr, b"".join(bytes(part) for part in vector))

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        imu = self._find(addr)
        imu.write(bytes((memaddr,)))
        imu.read(buf)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buffer = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buffer)
        return bytes(buffer)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self.writeto(addr, bytes((memaddr,)) + bytes(buf))


class I2C(SoftI2C):
    def __init__(self, id=-1, *, scl=None, sda=None, freq=400000, timeout=50000):
        if id not in (0, 1):
            raise ValueError("I2C(" + str(id) + ") doesn't exist")
        SoftI2C.__init__(
            self,
            (18, 25)[id] if scl is None else scl,
            (19, 26)[id] if sda is None else sda,
        )

    def init(self, *, scl=18, sda=19, freq=400000):
        SoftI2C.__init__(self, scl, sda)
