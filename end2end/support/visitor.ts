import type { Page } from '@playwright/test';

import { BrowsePage } from './pages/browse';
import { CredentialsPage } from './pages/credentials';
import { DashboardPage } from './pages/dashboard';
import { LoginPage } from './pages/login';
import { PoliciesPage } from './pages/policies';
import { ProjectPage } from './pages/project';
import { ProjectsPage } from './pages/projects';
import { RepositoryPage } from './pages/repository';
import { SecondFactorPage } from './pages/second-factor';
import { SettingsPage } from './pages/settings';
import { SetupPage } from './pages/setup';
import { TablePage } from './pages/table-page';

/** Somebody at a browser, with the pages that they can open. */
export class Visitor {
  readonly setup: SetupPage;
  readonly login: LoginPage;
  readonly dashboard: DashboardPage;
  readonly credentials: CredentialsPage;
  readonly projects: ProjectsPage;
  readonly project: ProjectPage;
  readonly repository: RepositoryPage;
  readonly settings: SettingsPage;
  readonly policies: PoliciesPage;
  readonly browse: BrowsePage;
  readonly users: TablePage;
  readonly organizations: TablePage;
  readonly notifications: TablePage;
  readonly auditLog: TablePage;
  readonly profile: TablePage;
  readonly secondFactor: SecondFactorPage;

  constructor(
    readonly page: Page,
    /** Whether the browser runs scripts. */
    readonly scripts: boolean,
  ) {
    this.setup = new SetupPage(page, scripts);
    this.login = new LoginPage(page, scripts);
    this.dashboard = new DashboardPage(page, scripts);
    this.credentials = new CredentialsPage(page, scripts);
    this.projects = new ProjectsPage(page, scripts);
    this.project = new ProjectPage(page, scripts);
    this.repository = new RepositoryPage(page, scripts);
    this.settings = new SettingsPage(page, scripts);
    this.policies = new PoliciesPage(page, scripts);
    this.browse = new BrowsePage(page, scripts);
    this.users = new TablePage(page, scripts, '/users', 'Users');
    this.organizations = new TablePage(page, scripts, '/organizations', 'Organizations');
    this.notifications = new TablePage(page, scripts, '/notifications', 'Notifications');
    this.auditLog = new TablePage(page, scripts, '/audit-log', 'Audit Log');
    this.profile = new TablePage(page, scripts, '/profile', 'Profile');
    this.secondFactor = new SecondFactorPage(page, scripts);
  }
}
