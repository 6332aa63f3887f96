DELETE FROM configurations WHERE digest = ? AND deliveries = 0
