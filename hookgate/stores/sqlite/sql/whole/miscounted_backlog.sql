SELECT max(abs(backlog.tasks - counted.tasks), backlog.bytes <> counted.bytes)
FROM backlog, (
    SELECT count(*) AS tasks, coalesce(sum(length(body)), 0) AS bytes
    FROM tasks LEFT JOIN deliveries ON deliveries.id = delivery_id
    WHERE status = 'pending'
) AS counted
