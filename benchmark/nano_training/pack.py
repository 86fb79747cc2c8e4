def unpack(out): pass
