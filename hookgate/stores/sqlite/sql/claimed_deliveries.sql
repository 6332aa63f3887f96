SELECT * FROM deliveries WHERE id IN (SELECT value FROM json_each(?))
