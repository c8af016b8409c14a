using System.Buffers;
using System.Net;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Net.Origin;

namespace Slice.Net.Exchange;

/// <summary>
/// One request and its response on a connection. Reused for every exchange of the connection; a handler uses it only until its
/// <c>HandleAsync</c> returns. Not thread-safe.
/// </summary>
internal sealed class HttpExchange
{
    private readonly IClientConnection _connection;
    private readonly TimeProvider _time;
    private byte[]? _key;
    private int _keyLength;
    private int _hostLength;
    private int _targetLength;
    private SubrequestTemplate? _template;
    private StoredResponseReader? _reader;
    private RequestSettings? _settings;
    private CacheDetail _cacheDetail;
    private bool _hasRequest;
    private long _originTicks;
    private int _plannedStatus;
    private AskingAs _asksAs;
    private PrivateWire? _privateWire;
    private CacheResult _cacheResult;
    private ExchangeEnding _ending;

    /// <summary>The exchanges of one connection, one after the other.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="head">Where its request heads are parsed into.</param>
    /// <param name="time">The clock.</param>
    public HttpExchange(IClientConnection connection, RequestHead head, TimeProvider time)
    {
        (_connection, Head, _time) = (connection, head, time);
        (Writer, Body) = (connection.Writer, connection.Body);
        (RemoteEndPoint, IsTls) = (connection.RemoteEndPoint, connection.IsTls);
        Client = new ExchangeClient(RemoteEndPoint, IsTls, head);
        EndedAt = time.GetTimestamp();
    }

    /// <summary>The settings that the request goes by, from its beginning to its end.</summary>
    public RequestSettings Settings => _settings ?? throw new InvalidOperationException("No request has begun.");

    /// <summary>The request head.</summary>
    public RequestHead Head { get; }

    /// <summary>Where the response goes.</summary>
    public ClientWriter Writer { get; }

    /// <summary>The request body.</summary>
    public ClientRequestBody Body { get; }

    /// <summary>The other side of the connection.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>Whether the other side speaks TLS to us.</summary>
    public bool IsTls { get; }

    /// <summary>Tells the log what becomes of the request; null while nobody listens.</summary>
    public RequestStory? Story { get; set; }

    /// <summary>Who has sent the request, as far as the other side and trusted proxies say.</summary>
    public ExchangeClient Client { get; }

    /// <inheritdoc cref="IClientConnection.Closed"/>
    public CancellationToken ConnectionClosed => _connection.Closed;

    /// <summary>Status of the response; 0 until its head is handed to the writer.</summary>
    public int Status { get; private set; }

    /// <summary>Whether the response head may have left, so that a failure can only be shown by aborting.</summary>
    public bool HasBegun => Status != 0;

    /// <summary>Whether the connection serves another request afterwards.</summary>
    public bool KeepAlive { get; set; }

    /// <summary>
    /// Whether the exchange was given up, in order or by a reset (<see cref="Abort"/>). The connection ends then, without anything that
    /// would say that all was sent.
    /// </summary>
    public bool IsAborted { get; private set; }

    /// <summary>
    /// Whether the end of the connection is the end of what the response sends: a body without a length for a client that knows no chunks,
    /// or a tunnel. Such a response can only be shown to be cut off by a reset. False until somebody says so.
    /// </summary>
    public bool EndsWithConnection { get; set; }

    /// <summary>When the request head was complete, as a timestamp of the clock.</summary>
    public long StartedAt { get; private set; }

    /// <summary>When the response head left; 0 before.</summary>
    public long FirstByteAt { get; private set; }

    /// <summary>When the last byte of a body from the store had been handed to the socket; 0 when the answer was another.</summary>
    public long DeliveredAt { get; private set; }

    /// <summary>When the last exchange had its answer, or was given up; before the first, when the connection began.</summary>
    public long EndedAt { get; private set; }

    /// <summary>Body bytes handed to the kernel, without the bodies of answers of our own.</summary>
    public long BodyBytes { get; set; }

    /// <summary>Those of them that came from the store.</summary>
    public long BytesFromStore { get; set; }

    /// <summary>The cache key, with the target in normal form. Valid during the exchange.</summary>
    public ReadOnlySpan<byte> Key => _keyLength == 0 ? Head.PathAndQuery : _key.AsSpan(0, _keyLength);

    /// <summary>What stands before the target in the key: the host when it is part of the key, else nothing.</summary>
    public ReadOnlySpan<byte> KeyPrefix => Key[.._hostLength];

    /// <summary>The target in normal form: the key without its host and its fields.</summary>
    public ReadOnlySpan<byte> NormalizedTarget => _keyLength == 0 ? Key : Key.Slice(_hostLength, _targetLength);

    /// <summary>Whether this is a HEAD request, whose response has no body.</summary>
    public bool IsHead => Head.Method == RequestMethod.Head;

    /// <summary>What subrequests on behalf of this request have in common. Made on first use: a hit needs none.</summary>
    public SubrequestTemplate Template => _template ??= (_asksAs == AskingAs.Itself
        ? SubrequestTemplates.ForOwn(Head, Settings.Options.ForwardHost, IdentityField(passesAcceptEncoding: false))
        : SubrequestTemplates.ForAll(
            Head, NormalizedTarget, KeyPrefix, Settings.SharedFields, _asksAs == AskingAs.Known,
            IdentityField(passesAcceptEncoding: IsSliced == false), passesAcceptEncoding: IsSliced == false))
        with
        {
            Client = Client.Name,
            RequestId = Client.RequestIdText,
            FollowsRedirects = _asksAs == AskingAs.Stranger && IsSliced != false,
        };

    /// <summary>As whom subrequests ask; a stranger until somebody says otherwise.</summary>
    public AskingAs AsksAs
    {
        get => _asksAs;
        set => (_asksAs, _template) = (value, null);
    }

    /// <summary>
    /// As whom to ask for an answer of the client's own: with its credentials alone when it has nothing else that strangers leave out.
    /// </summary>
    public AskingAs OwnVoice =>
        HasOwnTarget || Settings.SharedFields.HasOwnBesideCredentials(Head.Fields) ? AskingAs.Itself : AskingAs.Known;

    /// <summary>
    /// Whether the client says more about itself than a stranger would, so that its own request may be answered otherwise: by fields that
    /// shared requests leave out, or because it has logged in on a connection of its own to the origin.
    /// </summary>
    public bool HasOwnFields => Settings.SharedFields.HasOwn(Head.Fields) || HasPrivateWire;

    /// <summary>
    /// Where a connection to the origin is kept that belongs to this client alone. Lives as long as the client's connection.
    /// </summary>
    public PrivateWire PrivateWire => _privateWire ??= new PrivateWire();

    /// <summary>Whether the client has a connection to the origin of its own.</summary>
    public bool HasPrivateWire => _privateWire is { HasConnection: true };

    /// <summary>Whether the target is spelled otherwise than shared requests spell it.</summary>
    public bool HasOwnTarget => !Head.PathAndQuery.SequenceEqual(NormalizedTarget);

    /// <summary>What subrequests on behalf of this request look like. Made on first use: a hit needs none.</summary>
    public FetchContext FetchContext => new(Template, Settings.Fetching) { Reader = Reader };

    /// <summary>What is kept of answers to the request. Found on first use: a hit needs none.</summary>
    public StoredResponseReader Reader =>
        _reader ??= Settings.ReaderOf(NormalizedTarget, IsSliced ??= Settings.Patterns.Match(NormalizedTarget));

    /// <summary>Name of the address of the origin that answered; null for none. See <see cref="ExchangeRecord.Origin"/>.</summary>
    public string? Origin { get; set; }

    /// <summary>
    /// Notes that the origin has answered with a head, or not at all, after it was asked at that time; several times add up.
    /// </summary>
    public void AddOriginTime(long askedAt) => _originTicks = Math.Max(0, _originTicks) + _time.GetTimestamp() - askedAt;

    /// <summary>The clock's timestamp now.</summary>
    public long GetTimestamp() => _time.GetTimestamp();

    /// <summary>Slices of the answer that came from the store.</summary>
    public int SlicesHit { get; set; }

    /// <summary>Slices of the answer that came from the origin.</summary>
    public int SlicesFetched { get; set; }

    /// <summary>Slices of the answer that the origin was asked for and did not give.</summary>
    public int SlicesFailed { get; set; }

    /// <summary>The time, by both clocks.</summary>
    public Instant Now => Instant.Now(_time);

    /// <summary>Whether the target is on a sliced path; null until somebody had to know.</summary>
    public bool? IsSliced { get; set; }

    /// <summary>Begins with the head that was just parsed, and the settings that were in force when its first byte came.</summary>
    public void StartRequest(RequestSettings settings, bool mayKeepAlive)
    {
        Reset(settings);
        _hasRequest = true;
        Client.Begin(settings.TrustedProxies);
        StartedAt = _time.GetTimestamp();
        KeepAlive = mayKeepAlive && Head.KeepAlive;
        Body.Begin(Head, settings.Timeouts, settings.Options.Limits.RequestBodyBytes);
        WriteKey();
    }

    /// <summary>Begins the answer to a head that was refused; the connection closes after it.</summary>
    public void StartRefused(RequestSettings settings)
    {
        Reset(settings);
        _hasRequest = false;
        Client.BeginRefused();
        _ending = ExchangeEnding.Refused;
        KeepAlive = false;
    }

    /// <summary>
    /// Notes why the exchange does not end as it should. The first reason counts: what follows is its consequence. A client that seems to
    /// have left, and was aborted because it was too slow, is <see cref="ExchangeEnding.ClientTooSlow"/>.
    /// </summary>
    /// <remarks>
    /// For the exchange's own flows, of which a tunnel has two that may fail at the same time. All of them have ended when
    /// <see cref="Finish"/> reads the ending and the next exchange clears it: neither needs an atomic operation. The sweeper's thread never
    /// comes here, see <see cref="ClientWriter.HasTimedOut"/>.
    /// </remarks>
    public void NoteEnding(ExchangeEnding ending)
    {
        var cause = ending == ExchangeEnding.ClientLeft && Writer.HasTimedOut ? ExchangeEnding.ClientTooSlow : ending;
        Interlocked.CompareExchange(ref _ending, cause, ExchangeEnding.Complete);
    }

    /// <summary>Notes what the cache did for the answer.</summary>
    public void UseCache(CacheResult result, CacheDetail detail) => (_cacheResult, _cacheDetail) = (result, detail);

    /// <summary>Notes that the exchange has ended; returns what is to be told of it.</summary>
    public ExchangeRecord Finish()
    {
        EndedAt = DeliveredAt != 0 ? DeliveredAt : _time.GetTimestamp();

        // Of a head that was refused, nothing is known to be what it looks like.
        bool hasRequest = _hasRequest;
        return new ExchangeRecord
        {
            Client = Client,
            Head = hasRequest ? Head : null,
            Method = hasRequest ? Head.MethodBytes : default,
            Target = hasRequest ? Head.Target.Bytes : default,
            Status = Status,
            BodyBytes = BodyBytes,
            BytesFromStore = BytesFromStore,
            CacheResult = _cacheResult,
            CacheDetail = _cacheDetail,
            SlicesHit = SlicesHit,
            SlicesFetched = SlicesFetched,
            SlicesFailed = SlicesFailed,
            Origin = Origin,
            OriginTime = _originTicks < 0 ? null : _time.GetElapsedTime(0, _originTicks),
            TimeToFirstByte = FirstByteAt != 0 && hasRequest ? _time.GetElapsedTime(StartedAt, FirstByteAt) : null,
            AssemblyDuration = DeliveredAt != 0 ? _time.GetElapsedTime(FirstByteAt, DeliveredAt) : null,
            Duration = hasRequest ? _time.GetElapsedTime(StartedAt, EndedAt) : null,
            Ending = _ending,
        };
    }

    /// <summary>Ends the exchange and gives its buffers back.</summary>
    public void Release()
    {
        AsksAs = AskingAs.Stranger;
        _reader = null;
        IsSliced = null;
        _keyLength = _hostLength = _targetLength = 0;
        if (_key is not null)
        {
            ArrayPool<byte>.Shared.Return(_key);
            _key = null;
        }
    }

    /// <summary>Ends with the client's connection.</summary>
    public void Close() => _privateWire?.Dispose();

    /// <summary>Notes that a head with this status is about to be handed to the writer.</summary>
    public void StartResponse(int status)
    {
        Status = status;
        FirstByteAt = _time.GetTimestamp();
    }

    /// <summary>Notes that the body has been delivered.</summary>
    public void MarkDelivered() => DeliveredAt = _time.GetTimestamp();

    /// <summary>Sends a response that is all head.</summary>
    public async ValueTask SendHeadAsync(int status, ReadOnlyMemory<byte> head)
    {
        StartResponse(status);
        if (await Writer.WriteAsync(head) != WriteResult.Written)
        {
            Abort();
        }
    }

    /// <summary>
    /// Notes the status of a head that leaves together with the first bytes of its body, which may take the origin a while
    /// (<see cref="StartPlanned"/>).
    /// </summary>
    public void PlanResponse(int status) => _plannedStatus = status;

    /// <summary>Notes that the planned head is about to be handed to the writer; nothing when it has left already.</summary>
    public void StartPlanned()
    {
        if (Status == 0)
        {
            StartResponse(_plannedStatus);
        }
    }

    /// <summary>Forgets a response of which no byte has left: another one takes its place.</summary>
    public void WithdrawResponse()
    {
        (Status, FirstByteAt) = (0, 0);
        UseCache(CacheResult.None, CacheDetail.None);
    }

    /// <summary>
    /// Ends the connection so that the client notices: what it received does not look whole. Unless somebody has said otherwise
    /// (<see cref="NoteEnding"/>), the client has left, or was too slow.
    /// </summary>
    /// <remarks>
    /// A reset destroys what the client has not read yet (RFC 9112 §9.6), so there is one only where nothing else shows the cut. A missing
    /// rest of Content-Length bytes, or a missing last chunk, is as visible at the end of a connection that closes in order (RFC 9112 §8),
    /// and what was handed to the kernel arrives. A client that was too slow gets no more of our memory and is reset; so is one whose
    /// upload is still being read, which only the end of the connection stops.
    /// </remarks>
    public void Abort()
    {
        NoteEnding(ExchangeEnding.ClientLeft);
        IsAborted = true;
        KeepAlive = false;
        if (EndsWithConnection || _ending == ExchangeEnding.ClientTooSlow || Writer.HasTimedOut || !Body.IsConsumed)
        {
            _connection.Abort();
        }
    }

    private ForwardedField IdentityField(bool passesAcceptEncoding)
    {
        var via = Settings.Options.ViaToOrigin;
        bool mayBeCoded = passesAcceptEncoding && ProxyIdentity.AsksForCoding(Head.Fields);
        return Settings.Identity.FieldFor(
            Head.Fields, inVia: via == ViaToOrigin.Always || (via == ViaToOrigin.Auto && !mayBeCoded));
    }

    private void Reset(RequestSettings settings)
    {
        _settings = settings;
        Status = 0;
        BodyBytes = BytesFromStore = 0;
        SlicesHit = SlicesFetched = SlicesFailed = 0;
        FirstByteAt = DeliveredAt = StartedAt = 0;
        Origin = null;
        _originTicks = -1;
        EndsWithConnection = false;
        (_cacheResult, _cacheDetail, _ending) = (CacheResult.None, CacheDetail.None, ExchangeEnding.Complete);
    }

    // A target in normal form without a host before it and fields behind it is the key as it stands; nothing is copied.
    private void WriteKey()
    {
        var target = Head.PathAndQuery;
        var queryKeyRule = Settings.QueryKeyRule;
        bool forwardHost = Settings.Options.ForwardHost;
        bool hasFields = !Settings.KeyFields.IsEmpty;
        if (!forwardHost && !hasFields && queryKeyRule.IsIdentity && Core.Http.NormalizedTarget.IsNormal(target))
        {
            return;
        }

        var host = forwardHost ? Head.Host : default;
        _key = ArrayPool<byte>.Shared.Rent(host.Length + target.Length + (hasFields ? KeyFields.SuffixBytes : 0));
        _hostLength = HostSyntax.Normalize(host, IsTls, _key);
        _targetLength = queryKeyRule.Apply(_key.AsSpan(_hostLength, Core.Http.NormalizedTarget.Write(target, _key.AsSpan(_hostLength))));
        _keyLength = _hostLength + _targetLength;
        _keyLength += hasFields ? Settings.KeyFields.Write(Head.Fields, _key.AsSpan(_keyLength)) : 0;
    }
}
