# Runs on the board: the panel through the documented API alone, for device code without a probe.
def read_pixels():
    import codey

    text = ""
    for x in range(16):
        column = 0
        for y in range(8):
            column = column << 1 | bool(codey.display.get_pixel(x, y))
        text += "%02x" % column
    return text
