SELECT * FROM tasks WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY delivery_id, id
