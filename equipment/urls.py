from django.urls import path

from . import views
from .checking import views as views_intermediate
from .checking import views_trend
from .environment import views as views_environment
from .impacts import views as views_impact
from .labels.urls import urlpatterns as labels_and_stock
from .life import views_events, views_states
from .plans import views as views_plans
from .standards import views as views_standards
from .standards import views_acts as views_standard_acts
from .traceability import views as views_traceability
from .traceability import views_corrections
from .tracing import views as views_tracing
from .trials import views as views_trials

app_name = "equipment"

urlpatterns = [
    *labels_and_stock,
    path("equipment/", views.equipment_list, name="list"),
    path("equipment/<slug:ref>/", views.equipment_detail, name="detail"),
    path("equipment/<slug:ref>/trace/", views_traceability.equipment_trace, name="trace"),
    path("equipment/<slug:ref>/dcc/", views_traceability.dcc_upload, name="dcc"),
    path("equipment/<slug:ref>/dcc/<slug:document>/", views_traceability.dcc_progress, name="dcc_progress"),
    path("equipment/<slug:ref>/corrections/", views_corrections.corrections, name="corrections"),
    path("equipment/<slug:ref>/chain/", views_tracing.equipment_chain, name="chain"),
    path("equipment/<slug:ref>/recall/", views_tracing.equipment_recall, name="equipment_recall"),
    path("equipment/<slug:ref>/recall/export/", views_tracing.equipment_recall_export, name="equipment_recall_export"),
    path("traceability/<slug:ref>/", views_traceability.traceability, name="traceability"),
    path("traceability/<slug:ref>/confirm/", views_traceability.trace_confirm, name="trace_confirm"),
    path("traceability/<slug:ref>/corrections/", views_corrections.corrections_make, name="corrections_make"),
    path("correction-copies/<slug:ref>/updated/", views_corrections.copy_updated, name="copy_updated"),
    path("equipment/<slug:ref>/photo/", views.equipment_photo, name="photo"),
    path("equipment/<slug:ref>/quarantine/", views_states.equipment_quarantine, name="quarantine"),
    path("equipment/<slug:ref>/return/", views_states.equipment_return_to_use, name="return_to_use"),
    path("equipment/<slug:ref>/repair/", views_states.equipment_send_to_repair, name="send_to_repair"),
    path("equipment/<slug:ref>/store/", views_states.equipment_take_out_of_use, name="take_out_of_use"),
    path("equipment/<slug:ref>/scrap/", views_states.equipment_scrap, name="scrap"),
    path("equipment/<slug:ref>/events/", views_events.equipment_events, name="events"),
    path("equipment/<slug:ref>/events/new/", views_events.event_new, name="event_new"),
    path("equipment-impacts/", views_impact.impact_list, name="impacts"),
    path("equipment-impacts/<slug:ref>/", views_impact.impact_detail, name="impact"),
    path("equipment-impacts/<slug:ref>/answer/", views_impact.impact_answer, name="impact_answer"),
    path("equipment-impacts/<slug:ref>/export/", views_impact.impact_export, name="impact_export"),
    path("equipment/<slug:ref>/trend/", views_trend.equipment_trend, name="trend"),
    path("equipment/<slug:ref>/checks/", views_intermediate.equipment_checks, name="checks"),
    path("equipment/<slug:ref>/checks/new/", views_intermediate.check_new, name="check_new"),
    path("intermediate-checks/", views_intermediate.check_list, name="check_list"),
    path("intermediate-checks/<slug:ref>/", views_intermediate.check_detail, name="check"),
    path("environment/", views_environment.environment, name="environment"),
    path("environment/<slug:ref>/", views_environment.room, name="room"),
    path("environment/<slug:ref>/note/", views_environment.room_note, name="room_note"),
    path("environment/<slug:ref>/paste/", views_environment.room_paste, name="room_paste"),
    path("equipment-plans/", views_plans.plan_list, name="plans"),
    path("equipment-plans/<slug:ref>/", views_plans.plan_detail, name="plan"),
    path("equipment-plans/<slug:ref>/fill/", views_plans.plan_fill, name="plan_fill"),
    path("equipment-plans/<slug:ref>/copy/", views_plans.plan_copy, name="plan_copy"),
    path("equipment-plans/<slug:ref>/approve/", views_plans.plan_approve, name="plan_approve"),
    path("standards/", views_standards.standard_list, name="standards"),
    path("standards/<slug:ref>/chain/", views_tracing.standard_chain, name="standard_chain"),
    path("standards/<slug:ref>/recall/", views_tracing.standard_recall, name="standard_recall"),
    path("standards/<slug:ref>/recall/export/", views_tracing.standard_recall_export, name="standard_recall_export"),
    path("standards/<slug:ref>/tests/", views_trials.standard_tests, name="standard_tests"),
    path("standards/<slug:ref>/tests/new/", views_trials.standard_test_new, name="standard_test_new"),
    path("standard-tests/<slug:ref>/", views_trials.standard_test, name="standard_test"),
    path("standards/<slug:ref>/", views_standards.standard_detail, name="standard"),
    *(
        path(f"standards/<slug:ref>/{name.replace('_', '-')}/", page, name=f"standard_{name}")
        for name, page in views_standard_acts.PAGES.items()
    ),
]
