# What comes before load.py on a board that can inflate.
import deflate
