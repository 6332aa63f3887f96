SELECT arrival, id, source, key FROM tasks {where} ORDER BY id LIMIT :limit
