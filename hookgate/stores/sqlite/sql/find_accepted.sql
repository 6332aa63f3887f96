SELECT id FROM deliveries WHERE source = ? AND event_id = ? AND outcome = 'accepted'
