SELECT source, program FROM tasks WHERE status = 'running'
