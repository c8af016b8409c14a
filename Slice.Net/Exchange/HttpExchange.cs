using System.Buffers;
using System.Net;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Exchange;

/// <summary>
/// One request and its response on a connection. Reused for every exchange of the connection; a handler uses it only until its
/// <c>HandleAsync</c> returns. Not thread-safe.
/// </summary>
internal sealed class HttpExchange
{
    private readonly TimeProvider _time;
    private readonly bool _forwardHost;
    private readonly QueryKeyRule _queryKeyRule;
    private readonly Action _abort;
    private byte[]? _key;
    private int _keyLength;
    private int _hostLength;
    private SubrequestTemplate? _template;

    /// <summary>The exchange of one connection.</summary>
    public HttpExchange(
        RequestHead head,
        ClientWriter writer,
        ClientRequestBody body,
        EndPoint? remoteEndPoint,
        bool isTls,
        SliceOptions options,
        QueryKeyRule queryKeyRule,
        TimeProvider time,
        Action abort,
        CancellationToken connectionClosed)
    {
        Head = head;
        Writer = writer;
        Body = body;
        RemoteEndPoint = remoteEndPoint;
        IsTls = isTls;
        ConnectionClosed = connectionClosed;
        _forwardHost = options.ForwardHost;
        _queryKeyRule = queryKeyRule;
        _time = time;
        _abort = abort;
    }

    /// <summary>The request head.</summary>
    public RequestHead Head { get; }

    /// <summary>Where the response goes.</summary>
    public ClientWriter Writer { get; }

    /// <summary>The request body.</summary>
    public ClientRequestBody Body { get; }

    /// <summary>The other side of the connection.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>Whether the client speaks TLS to us.</summary>
    public bool IsTls { get; }

    /// <summary>
    /// Cancelled when the client has closed its side. As with nginx and Kestrel a half-closed connection counts as closed: waiting on
    /// behalf of that client ends.
    /// </summary>
    public CancellationToken ConnectionClosed { get; }

    /// <summary>Status of the response; 0 until its head is handed to the writer.</summary>
    public int Status { get; private set; }

    /// <summary>Whether the response head may have left, so that a failure can only be shown by aborting.</summary>
    public bool HasBegun => Status != 0;

    /// <summary>Whether the connection serves another request afterwards.</summary>
    public bool KeepAlive { get; set; }

    /// <summary>Whether the connection was aborted.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>When the request head was complete, as a timestamp of the clock.</summary>
    public long StartedAt { get; private set; }

    /// <summary>When the response head left; 0 before.</summary>
    public long FirstByteAt { get; private set; }

    /// <summary>When the last byte of a body from the store had been handed to the socket; 0 when the answer was another.</summary>
    public long DeliveredAt { get; private set; }

    /// <summary>Body bytes handed to the writer.</summary>
    public long BodyBytes { get; set; }

    /// <summary>The cache key, in the normal form of the target. Valid during the exchange.</summary>
    public ReadOnlySpan<byte> Key => _keyLength == 0 ? Head.Target.PathAndQuery : _key.AsSpan(0, _keyLength);

    /// <summary>What stands before the target in the key: the host when it is part of the key, else nothing.</summary>
    public ReadOnlySpan<byte> KeyPrefix => Key[.._hostLength];

    /// <summary>The target in normal form: the key without its host.</summary>
    public ReadOnlySpan<byte> NormalizedTarget => Key[_hostLength..];

    /// <summary>Whether this is a HEAD request, whose response has no body.</summary>
    public bool IsHead => Head.Method == RequestMethod.Head;

    /// <summary>What subrequests on behalf of this request have in common. Made on first use: a hit needs none.</summary>
    public SubrequestTemplate Template => _template ??= IsSliced == false
        ? SubrequestTemplates.ForWhole(Head, _forwardHost)
        : SubrequestTemplates.ForSlices(Head, _forwardHost);

    /// <summary>The settings that the request goes by, from its beginning to its end.</summary>
    public RequestSettings Settings { get; set; } = null!;

    /// <summary>What subrequests on behalf of this request look like. Made on first use: a hit needs none.</summary>
    public FetchContext FetchContext => new(Template, Settings.Fetching);

    /// <summary>Slices of the answer that came from the store.</summary>
    public int SlicesHit { get; set; }

    /// <summary>Slices of the answer that came from the origin.</summary>
    public int SlicesFetched { get; set; }

    /// <summary>The time of the clock.</summary>
    public DateTimeOffset UtcNow => _time.GetUtcNow();

    /// <summary>Whether the target is on a sliced path; null until somebody had to know.</summary>
    public bool? IsSliced { get; set; }

    /// <summary>Begins with the head that was just parsed.</summary>
    public void Begin(bool mayKeepAlive)
    {
        Status = 0;
        BodyBytes = 0;
        SlicesHit = SlicesFetched = 0;
        FirstByteAt = DeliveredAt = 0;
        StartedAt = _time.GetTimestamp();
        KeepAlive = mayKeepAlive && Head.KeepAlive;
        Body.Begin(Head);
        WriteKey();
    }

    /// <summary>Begins the answer to a head that was refused; the connection closes after it.</summary>
    public void BeginRejected()
    {
        Status = 0;
        KeepAlive = false;
    }

    /// <summary>Ends the exchange and gives its buffers back.</summary>
    public void End()
    {
        _template = null;
        IsSliced = null;
        _keyLength = _hostLength = 0;
        if (_key is not null)
        {
            ArrayPool<byte>.Shared.Return(_key);
            _key = null;
        }
    }

    /// <summary>Notes that a head with this status is about to be handed to the writer.</summary>
    public void BeginResponse(int status)
    {
        Status = status;
        FirstByteAt = _time.GetTimestamp();
    }

    /// <summary>Notes that the body has been delivered.</summary>
    public void EndDelivery() => DeliveredAt = _time.GetTimestamp();

    /// <summary>Sends a response that is all head.</summary>
    public async ValueTask SendHeadAsync(int status, ReadOnlyMemory<byte> head)
    {
        BeginResponse(status);
        if (await Writer.WriteAsync(head) != WriteResult.Written)
        {
            Abort();
        }
    }

    /// <summary>Forgets a response head that was never handed to the writer, because the object changed before its first byte.</summary>
    public void ForgetResponse() => Status = 0;

    /// <summary>
    /// Ends the connection so that the client notices: what it received does not look whole, whatever the framing.
    /// </summary>
    public void Abort()
    {
        IsAborted = true;
        KeepAlive = false;
        _abort();
    }

    // A target in normal form without a host before it is the key as it stands; nothing is copied.
    private void WriteKey()
    {
        var target = Head.Target.PathAndQuery;
        if (!_forwardHost && _queryKeyRule.IsIdentity && Core.Http.NormalizedTarget.IsNormal(target))
        {
            return;
        }

        var host = _forwardHost ? Head.Host : default;
        _key = ArrayPool<byte>.Shared.Rent(host.Length + target.Length);
        for (int index = 0; index < host.Length; index++)
        {
            // Hosts are compared without regard to case (RFC 9110 §4.2.3).
            byte value = host[index];
            _key[index] = value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
        }

        _hostLength = host.Length;
        int targetLength = Core.Http.NormalizedTarget.Write(target, _key.AsSpan(host.Length));
        _keyLength = host.Length + _queryKeyRule.Apply(_key.AsSpan(host.Length, targetLength));
    }
}
