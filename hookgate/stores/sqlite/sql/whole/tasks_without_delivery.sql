SELECT count(*) FROM tasks
WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.id = tasks.delivery_id)
