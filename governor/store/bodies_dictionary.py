"""The text that stored bodies of form 1 are compressed against. It must never change: old rows need it as it is.

Whatever stands here is only written as a reference where it occurs in a body; the most frequent texts stand last,
where references to them are shortest. A better text is another form with a dictionary of its own.
"""

DICTIONARY_1 = (
    b'"tags":{"repository":"","project":"","environment":"prod","channel":""},"provider":"openai","azure","bedrock",'
    b'"tools":["web_search"],"required_features":["vision"],"attempt":1,"n":1,"dry_run":false,"hold_for":"10m",'
    b'"operation":"chat","embeddings","image","speech","transcription","rerank","batch","input_bytes":'
    b'{"request_id":"","subject":{"user":"@example.com","department":"","team":"","service_account":"",'
    b'"asserted_by":"gateway"},"use_case":"","model":"gpt-","claude-sonnet-4","input_tokens":,"max_output_tokens":,'
    b'"can":["substitute","clamp"]}'
    b'{"request_id": "", "subject": {"user": "@example.com", "department": "", "team": "", "service_account": ""}, '
    b'"use_case": "", "model": "", "provider": "", "operation": "chat", "input_tokens": , "max_output_tokens": , '
    b'"tags": {}, "can": ["substitute", "clamp"]}'
    b'"remedies":[{"type":"use_model","model":"lower_max_output_tokens","max_output_tokens":},{"type":"wait_until_reset",'
    b'"at":"request_exception","url":"lower_max_output_tokens","shorten_input"}]'
    b'"reasons":[{"code":"quota_exceeded","policy":"Quota/","source":"quotas.yaml:","message":"has used  of  USD of '
    b'its monthly, held , and this request needs ; it resets on 2026-",'
    b'"scope":{},"unit":"USD","limit":"","used":"","held":"","requested":"","resets_at":"2026-","would_deny":true}],'
    b'"warnings":[{"code":"soft_limit_exceeded","policy":"ModelAllowlist/","ContextLimit/","model_not_allowed",'
    b'"context_limit_exceeded","clamped"'
    b'{"decision_id":"01a","verdict":"deny","requested_model":"openai/gpt-","model":"google/gemini-","substituted":true,'
    b'"max_output_tokens":,"clamped":true,"basis":"estimated","replayed":false,"reservation":null,'
    b'"period":null},{"policy":"Quota/person-concurrent","scope":{"user":"@","project":"","service_account":"",'
    b'"unit":"requests","concurrent_requests","limit":"","ceiling":null,"used":"0","held":"1","free":null,'
    b'{"policy":"Quota/team-","scope":{"team":""},"unit":"tokens","limit":"000000","ceiling":"000000","used":"","held":"0",'
    b'"free":"","period":{"start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"}},'
    b'{"decision_id":"01a1fc35-63ef-7ec7-a4b2-35040184ba96","verdict":"allow","requested_model":"anthropic/claude-sonnet-4",'
    b'"model":"anthropic/claude-sonnet-4","substituted":false,"max_output_tokens":1000,"clamped":false,'
    b'"basis":"counted","replayed":false,"reservation":{"id":"01a1fc35-63ef-7ec7-a4b2-35040184ba96","state":"held",'
    b'"tokens":2800,"cost_usd":"0.020400000","worst_case_usd":"0.020400000","expires_at":"2026-11-21T03:55:20Z"},'
    b'"reasons":[],"warnings":[],"budgets":[{"policy":"Quota/company-","scope":{},"unit":"USD","limit":"0000",'
    b'"ceiling":"0000","used":"0","held":"0.","free":".","period":{"start":"2026-10-31T23:00:00Z",'
    b'"end":"2026-11-30T23:00:00Z"}},{"policy":"Quota/department-","scope":{"department":""},"unit":"USD","limit":"",'
    b'"ceiling":"","used":"","held":"","free":"","period":{"start":"2026-","end":"2026-"}}],"remedies":[],'
    b'"policy_version":"","mode":"enforced","degraded":false,"stale_policy":false}'
)
