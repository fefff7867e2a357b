/** The metrics Hepar promises; alerts and dashboards may name no others. */
export const metricNames: ReadonlySet<string> = new Set([
  'hepar_build_info',
  'hepar_deliveries_total',
  'hepar_delivery_duration_seconds',
  'hepar_alerts_total',
  'hepar_incidents',
  'hepar_incidents_closed_total',
  'hepar_attempts_total',
  'hepar_action_duration_seconds',
  'hepar_recovery_seconds',
  'hepar_phase_seconds',
  'hepar_gate_blocks_total',
  'hepar_approvals_total',
  'hepar_notifications_total',
  'hepar_audit_events_total',
  'hepar_queue_depth',
  'hepar_queue_oldest_seconds',
  'hepar_storm',
  'hepar_mode',
  'hepar_paused',
  'hepar_pauses',
  'hepar_safe_mode',
  'hepar_docker_up',
  'hepar_container_state',
  'hepar_container_health_status',
  'hepar_path_available_ratio',
  'hepar_unit_state',
  'hepar_config_last_reload_successful',
  'hepar_config_last_reload_success_timestamp_seconds',
])

/** Metrics of redis_exporter that the alerts and playbooks for Redis name. */
export const redisMetricNames: ReadonlySet<string> = new Set([
  'redis_up',
  'redis_memory_used_bytes',
  'redis_memory_max_bytes',
  'redis_instance_info',
])
