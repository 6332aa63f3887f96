SELECT count(*) FROM deliveries
WHERE NOT EXISTS (
    SELECT 1 FROM configurations WHERE configurations.digest = deliveries.digest
)
