INSERT INTO configurations (digest, first_seen, snapshot) VALUES (?, ?, ?)
ON CONFLICT (digest) DO NOTHING
