SELECT id, attempts FROM tasks WHERE status = 'running' AND worker = ? AND started_at = ?
