import { expect } from '@playwright/test';

import { ConsolePage } from './console-page';

/** A project's overview. */
export class ProjectPage extends ConsolePage {
  async open(id: string, name: string): Promise<void> {
    await this.visit(`/projects/${id}`);
    await expect(this.heading(name)).toBeVisible();
  }

  async toPolicies(): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Project' }).getByRole('link', { name: 'Backup Policy' }).click();
    await this.expectAddress(/\/policies/);
  }

  async toSettings(): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Project' }).getByRole('link', { name: 'Settings' }).click();
    await this.expectAddress(/\/settings$/);
  }
}
