SELECT * FROM tasks {where} ORDER BY id DESC LIMIT :limit
