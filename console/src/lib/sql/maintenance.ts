/** What there is to say about the database as a whole. */

export interface DatabaseFacts {
  version: string;
  size: number;
  tables: number;
  lsn: string | null;
  wal_level: string;
  archive_mode: string;
  recovery: boolean;
  started_at: string;
}

export const factsSql = () => `select current_setting('server_version') as version, pg_database_size(current_database()) as size,
  (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema') as tables,
  case when not pg_is_in_recovery() then pg_current_wal_lsn()::text end as lsn,
  current_setting('wal_level') as wal_level, current_setting('archive_mode') as archive_mode, pg_is_in_recovery() as recovery,
  pg_postmaster_start_time() as started_at`;

export interface Slot {
  name: string;
  active: boolean;
  /** Bytes of the write-ahead log that are kept for it. */
  kept: number | null;
  status: string | null;
}

export const slotsSql = () => `select slot_name as name, active, wal_status as status,
  case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::int8 end as kept
  from pg_replication_slots where database = current_database() order by slot_name`;
