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

  action(entry: string, name: 'Download' | 'Restore'): Locator {
    return this.page.getByRole('row').filter({ has: this.link(entry) }).getByRole('link', { name, exact: true });
  }

  /** A folder of the list as an archive. */
  async downloadFolder(folder: string, format: 'tar.gz' | 'zip'): Promise<Download> {
    const row = this.page.getByRole('row').filter({ has: this.link(folder) });
    const link = row.getByRole('link', { name: `Download as ${format}`, exact: true });
    const [download] = await Promise.all([this.page.waitForEvent('download'), link.click()]);
    return download;
  }

  async download(file: string): Promise<Download> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.action(file, 'Download').click()]);
    return download;
  }
}
