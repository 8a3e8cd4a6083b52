import { expect } from '@playwright/test';

import { ConsolePage } from './console-page';

/** A page that is a heading and a table: users, organizations, the audit log. */
export class TablePage extends ConsolePage {
  constructor(
    page: ConsolePage['page'],
    scripts: boolean,
    private readonly address: string,
    private readonly title: string,
  ) {
    super(page, scripts);
  }

  async open(query = ''): Promise<void> {
    await this.visit(`${this.address}${query}`);
    await expect(this.heading(this.title)).toBeVisible();
  }
}
