"""Every route, and the least that is asked of who calls it: what is not listed is refused.

A viewer sees everything but identities and changes nothing. Admins are admins of the server.
What a program may is said by scopes; no key manages accounts or other keys.
"""

from __future__ import annotations

from coterie.service.who import Rule
from coterie.store.accounts import ADMIN, ANALYST, VIEWER

OPEN = Rule("open")
_READ = Rule(VIEWER, "read")
_CUSTOMERS = Rule(ANALYST, "customers")
_WORK = Rule(ANALYST, "run", costly=True, event="run")
_CHANGE = Rule(ANALYST, "run", event="settings")
_PREDICT = Rule(VIEWER, "predict")
_EVENTS = Rule(ANALYST, "events")
_PEOPLE = Rule(ADMIN)

RULES: dict[str, Rule] = {
    # Anybody: is it alive, sign in.
    "live": OPEN,
    "ready": OPEN,
    "show_session": OPEN,
    "show_app": OPEN,
    "show_asset": OPEN,
    "show_icon": OPEN,
    "sign_in": OPEN,
    "sign_in_elsewhere": OPEN,
    "come_back": OPEN,
    # Whoever is known.
    "openapi": Rule("member", "read"),
    "sign_out": Rule("member"),
    "change_password": Rule("member"),
    "list_projects": Rule("member", "read"),
    "list_connections": Rule("member", "run"),
    # What a viewer sees.
    "show_project": _READ,
    "show_mapping": _READ,
    "list_uploads": _READ,
    "show_upload": _READ,
    "list_runs": _READ,
    "show_run": _READ,
    "list_models": _READ,
    "list_schedules": _READ,
    "show_schedule": _READ,
    "list_segments": _READ,
    "show_segment": _READ,
    "show_note": _READ,
    "show_sizes": _READ,
    "show_features": _READ,
    "show_flows": _READ,
    "compare_runs": _READ,
    "show_fairness": _READ,
    "show_overview": _READ,
    "show_choice": _READ,
    "show_map": _READ,
    "show_quality": _READ,
    "show_report": _READ,
    "show_recommendations": _READ,
    "list_offers": _READ,
    "show_plan": _READ,
    "show_evidence": _READ,
    "list_feedback": _READ,
    "predict": _PREDICT,
    "_hot": _PREDICT,
    "predict_here": _PREDICT,
    "show_form": _PREDICT,
    "show_stream": _READ,
    # Figures that nothing hides yet.
    "show_ahead": Rule(ANALYST, "read"),
    "show_spread": Rule(ANALYST, "read"),
    # Identities.
    "list_members": _CUSTOMERS,
    "list_customers": _CUSTOMERS,
    "show_customer": _CUSTOMERS,
    "why": _CUSTOMERS,
    "what_if": _CUSTOMERS,
    "suppose": _CUSTOMERS,
    "show_timeline": _CUSTOMERS,
    "show_value": _CUSTOMERS,
    "show_products": _CUSTOMERS,
    "show_offers": _CUSTOMERS,
    "list_recommendations": _CUSTOMERS,
    "list_planned": _CUSTOMERS,
    "list_quarantine": _CUSTOMERS,
    "list_stream_moves": _CUSTOMERS,
    "follow_moves": _CUSTOMERS,
    "show_live_customer": _CUSTOMERS,
    "list_dead": _CUSTOMERS,
    "export": Rule(ANALYST, "customers", costly=True, event="export"),
    "export_sql": Rule(ANALYST, "customers", costly=True, event="export"),
    # All that is kept on one person, and the end of it.
    "show_access": Rule(ADMIN, "admin", costly=True, event="access"),
    "erase_customer": Rule(ADMIN, "admin", event="erasure"),
    # Work: what failed may repeat a value of the data, so jobs are no sight for viewers.
    "list_jobs": Rule(ANALYST, "run"),
    "show_job": Rule(ANALYST, "run"),
    "follow_job": Rule(ANALYST, "run"),
    "cancel_job": Rule(ANALYST, "run"),
    "start_run": _WORK,
    "train": _WORK,
    "train_here": _WORK,
    "start_job": _WORK,
    "start_flows": _WORK,
    "propose_mapping": Rule(ANALYST, "run", costly=True),
    "upload": Rule(ANALYST, "run", costly=True, event="upload"),
    "accept_mapping": _CHANGE,
    "use_sample": Rule(ANALYST, "run", costly=True, event="settings"),
    "rename_segment": _CHANGE,
    "note_segment": _CHANGE,
    "create_schedule": _CHANGE,
    "change_schedule": _CHANGE,
    "remove_schedule": _CHANGE,
    "publish": Rule(ANALYST, "run", event="publish"),
    "send_events": _EVENTS,
    "send_events_here": _EVENTS,
    "sweep_stream": Rule(ANALYST, "run", costly=True, event="stream"),
    "remove_dead": Rule(ANALYST, "run", event="stream"),
    "retry_dead": Rule(ANALYST, "run", costly=True, event="stream"),
    "feed_rows": Rule(ANALYST, "feedback"),
    "feed_file": Rule(ANALYST, "feedback", costly=True),
    # The server.
    "create_project": Rule(ADMIN, "admin", event="settings"),
    "show_uses": Rule(ADMIN, "admin"),
    "remove_project": Rule(ADMIN, "admin", event="removal"),
    "metrics": Rule(ADMIN, "admin"),
    "list_audit": Rule(ADMIN, "admin"),
    "list_users": _PEOPLE,
    "create_user": _PEOPLE,
    "change_user": _PEOPLE,
    "remove_user": _PEOPLE,
    "reset_password": _PEOPLE,
    "list_keys": _PEOPLE,
    "create_key": _PEOPLE,
    "revoke_key": _PEOPLE,
}
