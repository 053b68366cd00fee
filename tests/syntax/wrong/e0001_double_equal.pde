eq u_xx == 1
eq u_t == u_xx
