import { expect } from '@playwright/test';

import { ConsolePage } from './console-page';

export class DashboardPage extends ConsolePage {
  async open(): Promise<void> {
    await this.visit('/');
    await this.expectShown();
  }

  async expectShown(): Promise<void> {
    await this.expectAddress(/\/$/);
    await expect(this.heading('Dashboard')).toBeVisible();
  }
}
