import { expect, type Locator } from '@playwright/test';

import { ConsolePage } from './console-page';
import type { Form } from './form';

export type Tab = 'Schedules' | 'Backups' | 'Restores';

export interface Policy {
  name: string;
  period: string;
  expression?: string;
}

export interface Restore {
  name: string;
  paths?: string;
  directory: string;
  onConflict?: 'Skip' | 'Overwrite' | 'Keep both';
}

/** How long a small backup or restore may take. */
const RUN_MS = 30_000;

/** Schedules, backups and restores of a project. */
export class PoliciesPage extends ConsolePage {
  async open(project: string, tab: Tab): Promise<void> {
    await this.visit(`/projects/${project}/policies?tab=${tab.toLowerCase()}`);
    await expect(this.heading('Backup Policy')).toBeVisible();
  }

  async choose(tab: Tab): Promise<void> {
    await this.page.getByRole('tab', { name: tab, exact: true }).click();
    await this.expectChosen(tab);
  }

  async expectChosen(tab: Tab): Promise<void> {
    await this.expectAddress(new RegExp(`\\?tab=${tab.toLowerCase()}`));
    await expect(this.page.getByRole('tab', { name: tab, exact: true })).toHaveAttribute('aria-selected', 'true');
  }

  get addDialog(): Form {
    return this.dialog('Add Policy');
  }

  async openAddDialog(): Promise<Form> {
    await this.link('Add Policy').first().click();
    await expect(this.addDialog.root).toBeVisible();
    return this.addDialog;
  }

  /** Fills in the open dialog and sends it. */
  async send({ name, period, expression }: Policy): Promise<void> {
    await this.addDialog.fill({ Name: name, 'Cron Period': period, 'Cron Expression': expression });
    await this.addDialog.press('Add');
  }

  async add(policy: Policy): Promise<void> {
    await this.openAddDialog();
    await this.send(policy);
    await expect(this.notice).toContainText(`Policy ${policy.name} added`);
    await this.expectNoDialog();
    await this.ready();
  }

  /** An action of a row: a button, or a link to a dialog or a page. */
  action(row: Locator, name: string): Locator {
    return row.getByRole('link', { name, exact: true }).or(row.getByRole('button', { name, exact: true }));
  }

  /** What stands below a row: how far it has come, what went wrong, what comes next. */
  notes(row: Locator): Locator {
    return row.locator('xpath=following-sibling::tr[1]').and(this.page.locator('.row-note'));
  }

  /** Opens a row's menu. */
  async openMenu(row: Locator): Promise<void> {
    await row.getByRole('button', { name: 'More Actions', exact: true }).click();
  }

  /** What a row offers, beside it or in its menu, and what it does not. */
  async expectActions(row: Locator, { with: offered, without }: { with: string[]; without: string[] }): Promise<void> {
    await this.openMenu(row);
    for (const name of offered) await expect(this.action(row, name)).toBeVisible();
    for (const name of without) await expect(this.action(row, name)).toHaveCount(0);
    await this.page.keyboard.press('Escape');
  }

  /** What is not beside the row is in its menu. */
  async act(row: Locator, name: string): Promise<void> {
    const action = this.action(row, name);
    const menu = row.getByRole('button', { name: 'More Actions', exact: true });
    await expect(action.or(menu).first()).toBeVisible();
    if (!(await action.isVisible())) await menu.click();
    await action.click();
  }

  /** Starts a backup of the policy and answers its name. */
  async runNow(policy: string): Promise<string> {
    await this.act(this.row(policy), 'Run Now');
    await this.expectChosen('Backups');
    await expect(this.notice).toContainText(/Backup manual-\d{14} queued/);
    return /manual-\d{14}/.exec(await this.notice.innerText())?.[0] ?? '';
  }

  async expectPhase(run: string | RegExp, phase: string, timeout = RUN_MS): Promise<void> {
    const cell = this.cell(this.row(run), 'Status').first();
    await this.eventually(async (timeout) => expect(cell).toContainText(phase, { timeout }), timeout);
  }

  get restoreDialog(): Form {
    return this.dialog('Restore Backup');
  }

  /** Fills in the open dialog and sends it. */
  async sendRestore({ name, paths, directory, onConflict }: Restore): Promise<void> {
    await this.restoreDialog.fill({
      'Restore Name': name,
      Paths: paths,
      Target: 'Another directory',
      'Target Directory': directory,
      'On Conflict': onConflict,
    });
    await this.restoreDialog.press('Restore');
  }

  /** Restores a backup and waits until that is done. */
  async restore(backup: string | RegExp, restore: Restore): Promise<void> {
    await this.act(this.row(backup).first(), 'Restore');
    await expect(this.restoreDialog.field('Restore Name')).toBeVisible();
    await this.sendRestore(restore);
    await this.expectChosen('Restores');
    await this.expectPhase(restore.name, 'Completed');
  }

  /** Answers the question of a row's Delete. */
  async delete(row: Locator, title: string): Promise<void> {
    await this.act(row, 'Delete');
    await this.dialog(title).press('Delete');
    await this.expectNoDialog();
    await this.ready();
  }
}
