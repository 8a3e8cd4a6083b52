import { expect, type Locator } from '@playwright/test';

import { ConsolePage } from './console-page';

/** How long a small verification or repair may take. */
const RUN_MS = 60_000;

/** The state of a project's repository, and its maintenance. */
export class RepositoryPage extends ConsolePage {
  async open(project: string): Promise<void> {
    await this.visit(`/projects/${project}/repository`);
    await expect(this.heading('Repository')).toBeVisible();
  }

  get health(): Locator {
    return this.page.getByRole('region', { name: 'State' });
  }

  get damage(): Locator {
    return this.page.getByRole('region', { name: 'This repository is damaged' });
  }

  async expectHealth(word: 'Not verified yet' | 'Healthy' | 'Damaged'): Promise<void> {
    await this.eventually(async (timeout) => expect(this.health).toContainText(word, { timeout }), RUN_MS);
  }

  async expectPhase(kind: string, phase: string): Promise<void> {
    const cell = this.cell(this.row(kind).first(), 'Status');
    await this.eventually(async (timeout) => expect(cell).toContainText(phase, { timeout }), RUN_MS);
  }
}
