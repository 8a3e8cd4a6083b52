import { expect, type Locator, type Page } from '@playwright/test';

import { Form } from './form';

/** What every page of the console has. */
export class ConsolePage {
  constructor(
    readonly page: Page,
    /** Whether the browser runs scripts. */
    protected readonly scripts: boolean,
  ) {}

  async visit(address: string): Promise<void> {
    await this.page.goto(address);
    await this.ready();
  }

  /** The browser's half has taken the page over. */
  async ready(): Promise<void> {
    if (this.scripts) await expect(this.page.locator('html')).toHaveClass(/\bhydrated\b/);
  }

  async expectAddress(address: string | RegExp): Promise<void> {
    await expect(this.page).toHaveURL(address);
    await this.ready();
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { level: 1, name, exact: true });
  }

  link(name: string): Locator {
    return this.page.getByRole('link', { name, exact: true });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  navigation(name: string): Locator {
    return this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true });
  }

  /** The region that announces a success. */
  get notice(): Locator {
    return this.page.getByRole('status');
  }

  get alert(): Locator {
    return this.page.getByRole('alert');
  }

  dialog(title: string | RegExp): Form {
    return new Form(this.page.getByRole('dialog', { name: title, exact: true }));
  }

  async expectNoDialog(): Promise<void> {
    await expect(this.page.getByRole('dialog')).toHaveCount(0);
  }

  /** A row of the table, by something that it holds. */
  row(has: string | RegExp): Locator {
    return this.page.getByRole('row').filter({ hasText: has });
  }

  cell(row: Locator, column: string): Locator {
    return row.locator(`[data-label="${column}"]`);
  }

  async signOut(): Promise<void> {
    await this.button('Sign Out').click();
    await this.expectAddress(/\/login$/);
  }

  /** Looks at the page until it is as expected. A page with scripts follows by itself, others are loaded again. */
  async eventually(expectation: (timeout: number) => Promise<void>, timeout: number): Promise<void> {
    if (this.scripts) return expectation(timeout);
    await expect(async () => {
      await this.page.reload();
      await expectation(500);
    }).toPass({ timeout });
  }
}
