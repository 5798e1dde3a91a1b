"""The table: which HTTP status stands for which of our errors. A test walks every error class and demands a row.

The rule behind it: 400 the request is not of the form · 401 who are you · 403 you may not · 404 there is none · 409 not
in this state · 412, 428 you saw another version, or did not say which · 422 a value is wrong · 429 too often · 500 a
fault of ours or of this installation · 503 something that we need is away for now.
"""

from collections.abc import Mapping
from typing import Final

_CODES: Final[Mapping[int, str]] = {
    400: "request.malformed idempotency.missing cursor.malformed "
    "json.malformed json.encoding json.name_twice json.number json.half_character json.depth",
    401: "caller.unknown session.missing",
    403: "session.second_factor session.proof_old form.foreign account.own provider.refused provider.unknown "
    "official_document.same_person reliance.other_item "
    "operator.role department.other department.not_entitled draft.own_review custody.closed "
    "seal.same_person seal.roles_mixed seal_grant.none seal_grant.office seal_grant.person seal_grant.role "
    "seal_grant.type seal_grant.item seal_grant.second_person",
    404: "official_document.unknown official.page_missing official.no_picture "
    "verification_receipt.unknown webhook.unknown "
    "request.address licence.unknown draft.unknown batch.unknown document.unknown department.unknown "
    "licence.no_such_body "
    "licence_type.unknown log.no_such_leaf log.not_witnessed artefact.unknown template.unknown "
    "seal.unknown seal_grant.unknown seal_use.unknown",
    405: "request.method",
    408: "request.slow",
    409: "form.sent "
    "official_document.state official_document.digest "
    "issue.signing_key "
    "draft.state draft.not_approved licence.not_allowed licence.not_latest batch.conflict batch.lease_lost "
    "record.conflict intent.abandoned idempotency.running number.exhausted "
    "seal.not_allowed seal.no_ending seal.code_used seal.not_filed seal.refused seal.suspended "
    "seal.called_in seal.destroyed "
    "seal.not_begun seal.ended seal.certificate_ended seal_grant.withdrawn seal_grant.not_begun seal_grant.ended "
    "seal_grant.used_up seal_use.abandoned seal_use.filed",
    412: "record.changed",
    413: "request.too_large sheet.too_large",
    415: "request.media_type",
    422: "sign_in.wrong password.weak password.differs invitation.unknown desk.incomplete upload.incomplete "
    "desk.two_questions client_key.unfit client_certificate.unfit "
    "webhook.address reliance.item reliance.keep_until reliance.purpose receipt_file.malformed "
    "official official.unreadable official.encrypted official.certified official.active "
    "official.broken_signature official.locked official.licence official.page_form official.place_outside "
    "official.anchor_missing official.riding_pages official.riding_signed official.nothing_placed official.place "
    "official.slip_page "
    "seal.application seal.code seal_grant.terms seal_picture.text seal_picture.format seal_picture.large "
    "seal_picture.resolution "
    "seal_picture.size seal_picture.transparency "
    "request.future fields.invalid idempotency.used change.incomplete number.used number.malformed "
    "number_format.malformed "
    "sheet.unreadable sheet.too_many_rows sheet.encoding sheet.no_rows sheet.column_missing sheet.column_unknown "
    "sheet.column_twice page.text_overflow page.character_missing page.control_character page.picture "
    "photo.unreadable photo.too_small photo.too_large sandbox.crashed sandbox.timeout "
    "signed_revision.none "
    "malformed uscc.malformed citizen_number.malformed licence_type_code.malformed licence_identifier.malformed "
    "licence_identifier.check_character licence_id.malformed licence_id.mistyped item_code.malformed "
    "document.proof_stays witness_policy.malformed witness_request.malformed own_witness.name "
    "food_number.malformed food_number.check_character catalogue.malformed department.tree template.malformed "
    "certificate.form certificate.malformed certificate.refused certificate.not_trusted certificate.other_use "
    "certificate.other_key certificate.profile certificate.period certificate.chain certificate.request "
    "certificate.outside",
    428: "precondition.missing",
    429: "request.too_many",
    500: "sign_in sign_in.key "
    "official_document official.layout sandbox.answer verification_receipt.malformed assertion.refused "
    "internal registry keys signer request page seal seal_grant seal_use "
    "algorithm.unsupported public_key.malformed signature.wrong cbor.malformed cose.malformed cose.header "
    "der.malformed data_set.malformed mandate.malformed seal.malformed report.malformed tile.malformed "
    "statement.refused monthly_report.malformed audit_records.malformed office_hours.malformed tile.missing "
    "auditor.read auditor.request auditor.write "
    "cms.malformed certificate.out_of_period guarded_pdf.refused "
    "facts.malformed pdf.form foreign_pdf.unreadable licence.rejected revision.changed "
    "ofd.package ofd.xml ofd.form metadata.malformed "
    "revocation_list.malformed timestamp_token.refused timestamp_token.malformed timestamp_token.authority "
    "timestamp_token.future timestamp_token.other_digest timestamp_token.signature "
    "font.missing font.unusable qr.too_long publish.folder "
    "token.form token.too_long token.cbor token.header token.algorithm token.claims token.id_mismatch "
    "checkpoint.wrong proof.wrong log_entry.malformed log_proof.wrong log_proof.malformed "
    "status_list.refused status_list.malformed status_list.signature status_list.other_address "
    "status_list.no_such_place "
    "seal_history.refused seal_history.malformed seal_history.signature seal_history.other_seal "
    "pack.refused pack.malformed pack.signature pack.parts pack.older "
    "trust_list.refused trust_list.malformed trust_list.signature trust_list.older "
    "key.act key.cut_off key.name key.exists key.algorithm key.passphrase key.damaged key.log_first key.counted "
    "sm2.self_test sm2.missing "
    "witness own_witness own_witness.store witness.address witness.contradicts "
    "receipt.proof receipt.kind receipt.digest receipt.purpose receipt.key revocation.contents ceremony.two_persons "
    "timestamp timestamp.digest timestamp.address custody.access custody.storage "
    "database.nested artefact.order document.damaged document.hole_too_small document.unsigned_form "
    "document.key_algorithm document.long_term issue.self_check publish.conflict publish.unconditional "
    "log.conflict log.exists log.missing log.rewritten log.shrunk log.turn founding.mismatch "
    "settings.wrong deployment.no_database deployment.no_keys deployment.no_template deployment.listen",
    503: "provider.away server.full "
    "database.away database.busy database.schema disk.full key.missing "
    "log.clock_behind log.forked log.behind log.closed "
    "timestamp.away timestamp.slow timestamp.clock timestamp.too_long timestamp.refused timestamp.answer "
    "witness.away witness.slow witness.too_long witness.status witness.unknown_log witness.refused witness.malformed "
    "witness.no_line witness.bad_signature witness.wrong_time witness.loop witness.claims_ahead "
    "witness.refuses_proof own_witness.clock "
    "trust_list.expired pack.expired sandbox.busy",
}

STATUS: Final[Mapping[str, int]] = {code: status for status, codes in _CODES.items() for code in codes.split()}
"""HTTP status of each stable code."""

STATUS_TITLES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("请求格式不对", "Malformed request"),
    401: ("未认证", "Not authenticated"),
    403: ("没有权限", "Not permitted"),
    404: ("没有找到", "Not found"),
    405: ("不支持这种方法", "Method not allowed"),
    408: ("请求太慢", "Request too slow"),
    409: ("当前状态不允许", "Not possible in this state"),
    412: ("内容已被改动", "Changed meanwhile"),
    413: ("内容太大", "Too large"),
    415: ("不支持这种内容类型", "Media type not taken"),
    422: ("内容有误", "A value is wrong"),
    428: ("缺少 If-Match", "If-Match is missing"),
    429: ("请求太频繁", "Too many requests"),
    500: ("系统故障", "Internal fault"),
    503: ("暂时不可用", "Not available for now"),
}
"""Title of each status, zh and en."""
