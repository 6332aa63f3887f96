SELECT count(*)
FROM configurations LEFT JOIN (
    SELECT digest, count(*) AS counted FROM deliveries GROUP BY digest
) USING (digest)
WHERE deliveries <> coalesce(counted, 0)
