problem wrong
unknown u
eq u_t = u
