UPDATE tasks SET lease_until = ? WHERE status = 'running' AND worker = ?
