SELECT min(received_at) FROM deliveries
