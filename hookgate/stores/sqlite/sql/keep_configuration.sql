INSERT INTO configurations (digest, snapshot, first_seen) VALUES (?, ?, ?)
ON CONFLICT (digest) DO NOTHING
