SELECT count(*) FROM deliveries
WHERE outcome = 'accepted'
AND NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.delivery_id = deliveries.id)
