"""Location by several processes, each for some cells of the ground, with NATS JetStream between them and the centre.

`handover` brings arrivals from the centre to the queue of every cell that may need them; `worker` locates what is in
the queues of the cells that it has leased (`leases`); `borders` sees to it that two cells tell of one shot once. The
store is what is true: whatever a queue or a worker loses is read there again.
"""
