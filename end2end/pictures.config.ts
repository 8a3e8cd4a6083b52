import { defineConfig } from '@playwright/test';

import stories from './playwright.config';

/** The README's pictures: `make pictures`. */
export default defineConfig(stories, { testDir: 'pictures', timeout: 600_000, use: { trace: 'off' } });
