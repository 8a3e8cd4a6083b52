import path from 'node:path';

/** Where the builds lie. */
const CHECKOUT = path.resolve(__dirname, '../..');
const BUILT = path.join(process.env['CARGO_TARGET_DIR'] ?? path.join(CHECKOUT, 'target'), 'debug');

export const HOLDFAST_PROGRAM = process.env['HOLDFAST_BINARY'] ?? path.join(BUILT, 'holdfast');
export const S3_PROGRAM = path.join(BUILT, 'examples', 'embedded-s3-server');
export const POSTGRES_PROGRAM = path.join(BUILT, 'examples', 'postgres-cluster');
export const OPENID_PROGRAM = path.join(BUILT, 'examples', 'openid-provider');
export const SITE = process.env['LEPTOS_SITE_ROOT'] ?? path.join(CHECKOUT, 'target', 'site');
/** The hooks of the browser's half, bound for tests, and where they are written. */
export const HOOKS = path.join(CHECKOUT, 'target', 'hooks');
export const HOOKS_SOURCES = path.join(CHECKOUT, 'app', 'src', 'browser');
