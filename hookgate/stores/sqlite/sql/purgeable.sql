SELECT id, digest FROM deliveries
WHERE received_at < ? AND NOT EXISTS (
    SELECT 1 FROM tasks
    WHERE delivery_id = deliveries.id AND status IN ('pending', 'running')
)
ORDER BY received_at
LIMIT ?
