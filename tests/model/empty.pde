problem nothing
