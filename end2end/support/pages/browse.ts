import { expect, type Download, type Locator } from '@playwright/test';

import { ConsolePage } from './console-page';

/** What is in a backup. */
export class BrowsePage extends ConsolePage {
  async expectShown(backup: string | RegExp): Promise<void> {
    await this.expectAddress(/\/projects\/\d+\/backups\/\d+/);
    await expect(this.heading(backup)).toBeVisible();
  }

  get search(): Locator {
    return this.page.getByRole('searchbox', { name: 'Search', exact: true });
  }

  get names(): Locator {
    return this.page.locator('[data-label="Name"]');
  }

  /** A folder or file by its name, in a search by its path. */
  entry(name: string): Locator {
    return this.page.getByRole('table').getByRole('link', { name, exact: true });
  }

  async enter(folder: string): Promise<void> {
    await this.entry(folder).click();
    await expect(this.page.getByRole('navigation', { name: 'Folder' }).getByText(folder)).toBeVisible();
    await this.ready();
  }

  async download(file: string): Promise<Download> {
    const row = this.page.getByRole('row').filter({ has: this.entry(file) });
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      row.getByRole('link', { name: 'Download', exact: true }).click(),
    ]);
    return download;
  }
}
