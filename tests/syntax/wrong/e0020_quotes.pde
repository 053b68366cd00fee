data u from "sensors.csv with weight=10
data u from 'sensors.csv'
data u from "sensors.csv
eq u_t = u_xx
