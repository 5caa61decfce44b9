// Every sentence of the page, in English and Persian. A check's own technical line stays in English beside its sentence.
const EN = {
  title: "Check a poll in your browser", brand: "Browser verifier", other: "فارسی", skip: "Skip to the content",
  heading: "Check a poll yourself",
  lead: "This page reads the public vote log of a poll and checks all of it again on your own device: every signature, every ballot, the count. What it finds is worked out here, not told by the server.",
  what: "Which poll?", source: "Where is the log?",
  from_here: "This site", from_address: "Another address", from_zip: "A saved bundle (zip)", from_folder: "A folder of log files",
  address: "Address of the site or of its log", address_hint: "For example https://vote.example.org",
  zip: "The bundle", zip_hint: "The zip file that the page of a result offers. With it nothing is fetched from the network.",
  folder: "The folder", folder_hint: "A bundle that was unpacked, or a copy of everything under the log’s address.",
  poll: "The poll", poll_hint: "The last part of the poll’s address.", poll_hint_zip: "May stay empty: a bundle says which poll it holds.",
  more: "Keys and witnesses from elsewhere (for more certainty)",
  more_text: "Without them this page takes the key that the log itself states. That proves that the log is one piece, not whose it is. Copy the key from a source that you trust: a newspaper, a notice board, somebody else’s copy.",
  vkey: "Key of the log (one per line)", policy: "Policy of witnesses (file)",
  policy_hint: "Names the independent witnesses who must have signed the same log.",
  start: "Check this poll", again: "Check again",
  working: "Checking…", step_read: "Reading entries", step_parse: "Reading what they say", step_credentials: "Checking credentials",
  step_openings: "Opening the sealed ballots", step_count: "Counting again", step_wait: "Fetching the log",
  progress: "{step}: {done} of {of}", done: "Checked. {verdict}",
  need_poll: "Name the poll first.", need_file: "Choose a file first.", need_address: "Type an address that begins with https:// or http://.",
  broke: "The check could not be carried out: {reason}",
  pass: "Everything fits", fail: "Something is wrong", open: "Cannot tell",
  pass_text: "Nothing in the log contradicts itself, every signature fits, and counting all ballots again gives exactly the published result.",
  fail_text: "The log breaks its own rules. The checks marked below say where. Save this report and the files, and tell others: anybody can repeat it.",
  open_text: "No mistake was found, but not everything could be looked at.",
  result: "The result, as counted here", funded: "Funded, in this order ({spent} of {budget} spent)", elected: "Elected, in this order",
  nothing_won: "Nothing was chosen.", nobody_won: "Nobody was elected.", quorum: "Too few ballots: {quorum} are needed.",
  cast: "ballots in the log", counted: "of them count", entries: "entries in the log", act: "result number",
  method: "Counting rule", story: "How the count went, step by step", draw: "The draw behind the lots",
  so_far: "So far", no_result: "There is no published result to compare with.", not_shown: "The result is shown when every check has passed.",
  not_so: "This does not hold: {check}", events: "What happened besides the ballots",
  checks: "What was checked", notes: "What this does not prove", save: "Save as JSON", print: "Print",
  status_pass: "Fits", status_fail: "Wrong", status_warn: "Not sure", "status_n/a": "Not needed", status_open: "Not looked at",
  paper: "Your own receipt", paper_text: "Drop here the receipt that you saved when you voted, its proof, or the file that says where you stand on the roll. It is compared with the log that was just read, and does not leave your device.",
  paper_label: "Receipt, proof or place file", paper_fail: "This file and the log do not fit together",
  paper_fail_text: "Keep the file: it is evidence. Show it to the observers of the poll; it leads to your ballot.",
  paper_bad: "This file cannot be read", paper_bad_text: "It is no receipt, proof or place on a roll, or it was changed.",
  paper_in: "Your ballot is in the log", paper_in_text: "Entry {index}, receipt number {bid}.", paper_says: "It says:",
  paper_blank: "nothing (a blank ballot)", paper_hidden: "It is sealed until the poll has closed.",
  paper_replaced: "A later ballot of yours replaces it.", paper_voided: "It was voided. The log says by which rule.",
  paper_wrong: "If this is not what you chose, cast your ballot again while the poll is open, and tell the observers.",
  paper_open: "Nobody can tell yet", paper_due: "The ballot is to be in the log by {due}.",
  place_in: "This place is on the roll", place_marked: "It is marked as having voted.", place_unmarked: "It is marked as not having voted.",
  place_other: "It is a place in another poll, {poll}. Check that one to see whether it is marked as having voted.",
  place_unknown: "Who took part is published with the result.", place_wrong: "If that is not so, tell the observers: somebody may have voted in your name.",
  self: "About this page", self_text: "The page is one file and works without the network: save it, and open it with a bundle. It was written from the published specification, and shares no code with the server. A copy that comes from the server you are checking could lie; take it from the published source, or compare its fingerprint (SHA-256) with one that somebody else got.",
  self_how: "The fingerprint of a saved copy:", download: "Save this page as a file",
  python: "The same checks exist as one file of Python, votelog_verify.py. If the two disagree, one of them is wrong: please say so.",
};

const FA = {
  title: "بررسی رأی‌گیری در مرورگر", brand: "راستی‌آزمای مرورگری", other: "English", skip: "رفتن به محتوا",
  heading: "خودتان رأی‌گیری را بررسی کنید",
  lead: "این صفحه دفتر همگانی رأی‌ها را می‌خواند و همه‌چیز را روی دستگاه خودتان از نو بررسی می‌کند: تک‌تک امضاها، برگه‌ها و شمارش. یافته‌هایش همین‌جا حساب می‌شود و سرور آن‌ها را نمی‌گوید.",
  what: "کدام رأی‌گیری؟", source: "دفتر کجاست؟",
  from_here: "همین سایت", from_address: "نشانی دیگر", from_zip: "بستهٔ ذخیره‌شده (zip)", from_folder: "پوشهٔ پرونده‌های دفتر",
  address: "نشانی سایت یا دفتر آن", address_hint: "برای نمونه https://vote.example.org",
  zip: "بسته", zip_hint: "پروندهٔ zip که صفحهٔ نتیجه می‌دهد. با آن چیزی از شبکه گرفته نمی‌شود.",
  folder: "پوشه", folder_hint: "بسته‌ای که باز شده، یا رونوشت همهٔ آنچه زیر نشانی دفتر است.",
  poll: "رأی‌گیری", poll_hint: "بخش پایانی نشانی رأی‌گیری.", poll_hint_zip: "می‌تواند خالی بماند: بسته خودش می‌گوید کدام رأی‌گیری در آن است.",
  more: "کلیدها و گواهان از جای دیگر (برای اطمینان بیشتر)",
  more_text: "بی آن‌ها، این صفحه کلیدی را به کار می‌برد که خود دفتر گفته است. این نشان می‌دهد که دفتر یکپارچه است، نه این‌که از آنِ کیست. کلید را از جایی بردارید که به آن اعتماد دارید: روزنامه، تابلوی اعلان یا رونوشت کسی دیگر.",
  vkey: "کلید دفتر (هر خط یکی)", policy: "سیاست گواهان (پرونده)",
  policy_hint: "گواهان مستقلی را نام می‌برد که باید همین دفتر را امضا کرده باشند.",
  start: "بررسی این رأی‌گیری", again: "بررسی دوباره",
  working: "در حال بررسی…", step_read: "خواندن ثبت‌ها", step_parse: "خواندن محتوای ثبت‌ها", step_credentials: "بررسی اعتبارنامه‌ها",
  step_openings: "گشودن برگه‌های مهرشده", step_count: "شمارش دوباره", step_wait: "گرفتن دفتر",
  progress: "{step}: {done} از {of}", done: "بررسی شد. {verdict}",
  need_poll: "نخست رأی‌گیری را نام ببرید.", need_file: "نخست پرونده‌ای برگزینید.", need_address: "نشانی‌ای بنویسید که با https:// یا http:// آغاز شود.",
  broke: "بررسی انجام نشد: {reason}",
  pass: "همه‌چیز درست است", fail: "چیزی نادرست است", open: "نمی‌توان گفت",
  pass_text: "هیچ چیز در دفتر با چیز دیگری ناسازگار نیست، همهٔ امضاها درست است و شمارش دوبارهٔ همهٔ برگه‌ها درست همان نتیجهٔ منتشرشده را می‌دهد.",
  fail_text: "دفتر قاعده‌های خود را شکسته است. بررسی‌های نشان‌دار در پایین می‌گویند کجا. این گزارش و پرونده‌ها را نگه دارید و به دیگران بگویید: هر کسی می‌تواند آن را تکرار کند.",
  open_text: "خطایی یافت نشد، ولی همه‌چیز را هم نمی‌شد دید.",
  result: "نتیجه، چنان‌که همین‌جا شمرده شد", funded: "به این ترتیب بودجه گرفتند ({spent} از {budget} خرج شد)", elected: "به این ترتیب برگزیده شدند",
  nothing_won: "هیچ گزینه‌ای برگزیده نشد.", nobody_won: "هیچ‌کس برگزیده نشد.", quorum: "برگه‌ها کم است: {quorum} برگه لازم است.",
  cast: "برگه در دفتر", counted: "برگه به شمار آمد", entries: "ثبت در دفتر", act: "شمارهٔ نتیجه",
  method: "قاعدهٔ شمارش", story: "شمارش گام‌به‌گام", draw: "قرعه‌ای که پشت ترتیب‌هاست",
  so_far: "تا این‌جا", no_result: "هنوز نتیجه‌ای منتشر نشده که با آن سنجیده شود.", not_shown: "نتیجه وقتی نشان داده می‌شود که همهٔ بررسی‌ها درست درآمده باشد.",
  not_so: "این برقرار نیست: {check}", events: "آنچه جز دادن رأی روی داد",
  checks: "آنچه بررسی شد", notes: "آنچه این بررسی ثابت نمی‌کند", save: "ذخیره به‌صورت JSON", print: "چاپ",
  status_pass: "درست", status_fail: "نادرست", status_warn: "نامطمئن", "status_n/a": "لازم نبود", status_open: "دیده نشد",
  paper: "رسید خودتان", paper_text: "رسیدی را که هنگام رأی دادن ذخیره کردید، یا گواه آن، یا پرونده‌ای را که جای شما در فهرست را می‌گوید این‌جا بیندازید. با دفتری که هم‌اکنون خوانده شد سنجیده می‌شود و از دستگاه شما بیرون نمی‌رود.",
  paper_label: "رسید، گواه یا پروندهٔ جای شما", paper_fail: "این پرونده و دفتر با هم نمی‌خوانند",
  paper_fail_text: "پرونده را نگه دارید: مدرک است. آن را به ناظران رأی‌گیری نشان دهید؛ به برگهٔ شما راه می‌برد.",
  paper_bad: "این پرونده خواندنی نیست", paper_bad_text: "رسید، گواه یا جای کسی در فهرست نیست، یا دست‌کاری شده است.",
  paper_in: "برگهٔ شما در دفتر است", paper_in_text: "ثبت {index}، شمارهٔ رسید {bid}.", paper_says: "در آن آمده است:",
  paper_blank: "هیچ (برگهٔ سفید)", paper_hidden: "تا پایان رأی‌گیری مهرشده می‌ماند.",
  paper_replaced: "برگهٔ دیگری که بعدتر دادید جای آن را گرفته است.", paper_voided: "باطل شده است. دفتر می‌گوید با چه قاعده‌ای.",
  paper_wrong: "اگر این انتخاب شما نیست، تا رأی‌گیری باز است دوباره رأی دهید و به ناظران بگویید.",
  paper_open: "هنوز کسی نمی‌داند", paper_due: "برگه باید تا {due} در دفتر باشد.",
  place_in: "این جا در فهرست هست", place_marked: "نشان‌دار است: رأی داده.", place_unmarked: "نشان ندارد: رأی نداده.",
  place_other: "جایی در رأی‌گیری دیگری است: {poll}. همان را بررسی کنید تا ببینید نشان خورده است یا نه.",
  place_unknown: "این‌که چه کسانی رأی داده‌اند همراه نتیجه منتشر می‌شود.", place_wrong: "اگر چنین نیست به ناظران بگویید: شاید کسی به نام شما رأی داده باشد.",
  self: "دربارهٔ این صفحه", self_text: "این صفحه یک پرونده است و بی شبکه هم کار می‌کند: آن را ذخیره کنید و با یک بسته باز کنید. از روی مشخصات منتشرشده نوشته شده و هیچ کدی با سرور مشترک ندارد. نسخه‌ای که از همان سروری بیاید که بررسی‌اش می‌کنید ممکن است دروغ بگوید؛ آن را از منبع منتشرشده بردارید، یا اثر انگشت (SHA-256) آن را با نسخهٔ کسی دیگر بسنجید.",
  self_how: "اثر انگشت نسخهٔ ذخیره‌شده:", download: "ذخیرهٔ این صفحه در یک پرونده",
  python: "همین بررسی‌ها در یک پروندهٔ پایتون هم هست: votelog_verify.py. اگر این دو با هم نخوانند، یکی‌شان نادرست است: لطفاً خبر دهید.",
};

// What each check asks, in plain words.
const CHECKS = {
  C1: ["The log says who it is, and the same everywhere.", "دفتر می‌گوید از آنِ کیست، و همه‌جا یک چیز می‌گوید."],
  C2: ["The log’s own key has signed its newest state.", "کلید دفتر، تازه‌ترین وضعیت آن را امضا کرده است."],
  C3: ["Independent witnesses have signed the same state.", "گواهان مستقل همین وضعیت را امضا کرده‌اند."],
  C4: ["It is the same log that was seen before, only longer.", "همان دفتری است که پیش‌تر دیده شده، فقط بلندتر."],
  C5: ["Every entry belongs to the signed state; none can be exchanged or left out unseen.", "هر ثبت بخشی از وضعیت امضاشده است؛ هیچ‌یک را نمی‌توان نادیده عوض یا حذف کرد."],
  C6: ["Every entry is written in the one allowed way, and texts are the ones that the log names.", "هر ثبت به تنها شکل مجاز نوشته شده و متن‌ها همان است که دفتر نام برده."],
  C7: ["The entries of every poll follow one another without a gap.", "ثبت‌های هر رأی‌گیری بی هیچ جاافتادگی پشت هم آمده است."],
  C8: ["The poll took its steps in the right order, and no ballot stands outside its time.", "رأی‌گیری گام‌هایش را به ترتیب درست برداشته و هیچ برگه‌ای بیرون از زمان خود نیست."],
  C9: ["Where two members of staff must agree, two different ones did.", "هر جا دو کارمند باید موافق باشند، دو کارمند متفاوت موافق بوده‌اند."],
  C10: ["Every ballot belongs to a voter who was committed to beforehand, and there are no more of them than on the roll.", "هر برگه از آنِ رأی‌دهنده‌ای است که از پیش ثبت شده، و شمارشان از فهرست بیشتر نیست."],
  C11: ["Nobody’s ballot counts twice; changed ballots follow one another properly.", "برگهٔ هیچ‌کس دو بار شمرده نمی‌شود و برگه‌های عوض‌شده درست پشت هم آمده‌اند."],
  C12: ["Every ballot is valid by the rules of the poll.", "هر برگه طبق قاعده‌های رأی‌گیری معتبر است."],
  C13: ["Ballots that were voided exist, and were voided once, openly.", "برگه‌های باطل‌شده وجود دارند و یک بار و آشکارا باطل شده‌اند."],
  C14: ["Sealed ballots were opened exactly as they were cast.", "برگه‌های مهرشده درست همان‌گونه که داده شده بودند گشوده شدند."],
  C15: ["Counted, replaced and voided ballots add up to all that were cast.", "برگه‌های شمرده‌شده، جایگزین‌شده و باطل‌شده با هم برابر همهٔ برگه‌هاست."],
  C16: ["Counting all ballots again gives the published result.", "شمارش دوبارهٔ همهٔ برگه‌ها همان نتیجهٔ منتشرشده را می‌دهد."],
  C17: ["The published result file is, byte for byte, what this count gives.", "پروندهٔ نتیجهٔ منتشرشده مو به مو همان است که این شمارش می‌دهد."],
  C18: ["Ballots entered the log in shuffled groups, none smaller than promised.", "برگه‌ها در گروه‌های درهم وارد دفتر شده‌اند و هیچ گروهی کوچک‌تر از وعده نیست."],
  C19: ["As many people are marked as having voted as cast a ballot.", "شمار کسانی که «رأی داده» نشان خورده‌اند با شمار رأی‌دهندگان برابر است."],
  C20: ["The receipt in hand and the log say the same.", "رسیدی که در دست است و دفتر یک چیز می‌گویند."],
};

// The same of a file in hand, where the question is another.
const PAPER_CHECKS = {
  C2: ["The log’s key has signed this file.", "کلید دفتر این پرونده را امضا کرده است."],
  C4: ["The log still holds what the file proves.", "دفتر هنوز آنچه را پرونده ثابت می‌کند در خود دارد."],
  C6: ["The file speaks of a ballot in the one allowed way.", "پرونده به تنها شکل مجاز از یک برگه می‌گوید."],
};

// Beginnings of the technical notes, and what they mean to a reader.
const NOTES = [
  ["not checked: whether the people on the roll", "Whether the people on the roll exist and may vote, and whether somebody was left out.", "این‌که آدم‌های فهرست واقعی‌اند و حق رأی دارند، و کسی از قلم نیفتاده است."],
  ["not checked: whether anyone was paid", "Whether anyone was paid or pressed. A receipt in this kind of poll shows how one voted.", "این‌که به کسی پول داده‌اند یا زیر فشار بوده است. در این‌گونه رأی‌گیری رسید نشان می‌دهد چگونه رأی داده‌اید."],
  ["not checked: ghost voters", "Ghost voters: whoever did not vote should look whether their place is marked as having voted.", "رأی‌دهندگان خیالی: هر که رأی نداده باید ببیند جای او «رأی داده» نشان خورده است یا نه."],
  ["the key was taken from the log", "The key was taken from the log itself. That proves that the log is one piece, not whose it is.", "کلید از خود دفتر گرفته شد. این نشان می‌دهد دفتر یکپارچه است، نه این‌که از آنِ کیست."],
  ["no witness", "No signature of an independent witness was checked. Different people could be shown different logs, unless they compare what they see.", "امضای هیچ گواه مستقلی بررسی نشد. ممکن است به آدم‌های گوناگون دفترهای گوناگون نشان دهند، مگر آن‌که با هم بسنجند."],
  ["not checked: whether the draw", "Whether the lots were really drawn before witnesses, after the ballots were fixed.", "این‌که قرعه به‌راستی پیش چشم گواهان و پس از بسته شدن برگه‌ها کشیده شده است."],
  ["not checked: the BLS signature", "The public randomness (drand) behind the lots was not checked against its network.", "تصادف همگانی (drand) که پشت قرعه‌هاست با شبکهٔ آن سنجیده نشد."],
  ["the witnessed checkpoint is old", "The witnesses’ signatures are older than a day: what was added since is not witnessed.", "امضای گواهان بیش از یک روز عمر دارد: آنچه از آن پس افزوده شده گواه ندارد."],
  ["there is no poll", "There is no such poll in this log, or not yet.", "چنین رأی‌گیری‌ای در این دفتر نیست، یا هنوز نیست."],
  ["the poll is still open", "The poll is still open. What is in the log so far was checked; the result comes after the close.", "رأی‌گیری هنوز باز است. آنچه تا کنون در دفتر است بررسی شد؛ نتیجه پس از پایان می‌آید."],
  ["the poll is closed", "The poll is closed, and its result is not published yet.", "رأی‌گیری بسته شده و نتیجه‌اش هنوز منتشر نشده است."],
  ["the poll is not open", "The poll has not opened yet.", "رأی‌گیری هنوز باز نشده است."],
  ["the result was superseded", "The result was withdrawn; the corrected one is not published yet.", "نتیجه پس گرفته شده و نتیجهٔ درست‌شده هنوز منتشر نشده است."],
  ["the poll is paused", "The poll is paused. What is in the log so far was checked.", "رأی‌گیری فعلاً متوقف است. آنچه تا کنون در دفتر است بررسی شد."],
  ["not checked: secrecy", "Secrecy: until the poll’s secret key is destroyed, whoever holds it can link ballots to people. No log can show that it was destroyed.", "محرمانگی: تا کلید رازدار رأی‌گیری نابود نشود، هر که آن را دارد می‌تواند برگه‌ها را به آدم‌ها پیوند دهد. هیچ دفتری نمی‌تواند نابودی آن را نشان دهد."],
  ["the ballots of all", "All ballots entered the log as one small group: who knows how some voted may guess the others.", "همهٔ برگه‌ها در یک گروه کوچک وارد دفتر شده‌اند: کسی که رأی چند نفر را بداند شاید رأی دیگران را حدس بزند."],
  ["this bundle holds", "This bundle is of another poll than the one you named.", "این بسته از رأی‌گیری دیگری است، نه آن‌که نام بردید."],
  ["the file in hand is of the poll", "The file is of another poll than this bundle. Take the bundle of its own poll, or check on the site.", "این پرونده از رأی‌گیری دیگری است، نه از رأی‌گیری این بسته. بستهٔ همان رأی‌گیری را بگیرید، یا در خود سایت بررسی کنید."],
  ["these files do not say", "These files do not say which poll they hold. Name it.", "این پرونده‌ها نمی‌گویند از کدام رأی‌گیری‌اند. آن را نام ببرید."],
  ["the policy cannot be read", "The policy file cannot be read.", "پروندهٔ سیاست گواهان خواندنی نیست."],
  ["promised, and a poll", "The ballot is promised, and a poll of this log was extended; it is not due yet.", "برگه وعده داده شده و یک رأی‌گیری این دفتر تمدید شده است؛ هنوز موعدش نرسیده."],
  ["the ballots are sealed", "The ballots are sealed, and are opened after the close.", "برگه‌ها مهرشده‌اند و پس از پایان گشوده می‌شوند."],
  ["the newest group", "The newest group of ballots is just entering the log.", "تازه‌ترین گروه برگه‌ها هم‌اکنون در حال ورود به دفتر است."],
  ["cannot reach", "The log could not be reached. Look whether the address is right and whether you are connected.", "به دفتر دسترسی نبود. ببینید نشانی درست است و به شبکه وصل هستید یا نه."],
  ["no log is published", "No log was found there.", "آن‌جا دفتری پیدا نشد."],
  ["the bundle cannot be read", "The bundle cannot be read.", "بسته خواندنی نیست."],
  ["promised, not yet due", "The ballot is promised and not due yet.", "برگه وعده داده شده و هنوز موعدش نرسیده است."],
  ["the ballot was due", "This copy of the log may be older than the deadline of the promise. Look at the live log.", "شاید این رونوشت دفتر از موعد وعده قدیمی‌تر باشد. دفتر زنده را ببینید."],
  ["the ballot is sealed; without", "The ballot is sealed, and the file lacks the secret number that opens it.", "برگه مهرشده است و پرونده عدد رازی را که آن را می‌گشاید ندارد."],
  ["the log was not read", "Check a poll of this log first; then the file can be compared with it.", "نخست یک رأی‌گیری از این دفتر را بررسی کنید تا بتوان پرونده را با آن سنجید."],
];

export const LANGUAGES = ["en", "fa"];
let language = "en";

export const setLanguage = (chosen) => {
  language = chosen;
};
export const current = () => language;

// The sentence of this name, with `{x}` filled in from `values`.
export const say = (name, values = {}) => {
  const text = (language === "fa" ? FA : EN)[name];
  if (text === undefined) throw new RangeError(`no sentence ${name}`);
  const [before, after] = language === "fa" ? ["\u2068", "\u2069"] : ["", ""]; // Latin within Persian keeps its own direction
  return text.replace(/\{(\w+)\}/g, (_, key) => before + values[key] + after);
};

export const sayNumber = (value) => new Intl.NumberFormat(language).format(value);
export const sayCheck = (id) => CHECKS[id][language === "fa" ? 1 : 0];
export const sayPaperCheck = (id) => (PAPER_CHECKS[id] || CHECKS[id])[language === "fa" ? 1 : 0];

// A technical note in the reader's words, or null where only its own words will do.
export const sayNote = (note) => {
  const found = NOTES.find(([beginning]) => note.startsWith(beginning));
  return found ? found[language === "fa" ? 2 : 1] : null;
};

// For tests: nothing may be missing in one language.
export const missing = () => [
  ...Object.keys(EN).filter((name) => !FA[name]), ...Object.keys(FA).filter((name) => !EN[name]),
];
