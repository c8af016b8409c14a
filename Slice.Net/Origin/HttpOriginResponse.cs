using System.Collections.Immutable;
using System.Net.Http.Headers;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>A response of the pool.</summary>
internal sealed class HttpOriginResponse : OriginResponse
{
    private readonly HttpResponseMessage _response;
    private readonly Stream _body;
    private readonly OriginDeadline _deadline;
    private readonly TimeoutOptions _timeouts;
    private readonly OriginConnection? _connection;
    private ImmutableArray<ForwardedField> _fields;

    /// <summary>Takes over the response, its body and the deadline.</summary>
    public HttpOriginResponse(
        string origin, HttpResponseMessage response, Stream body, OriginDeadline deadline, TimeoutOptions timeouts,
        OriginConnection? connection)
    {
        Origin = origin;
        _response = response;
        _body = body;
        _deadline = deadline;
        _timeouts = timeouts;
        _connection = connection;
    }

    /// <summary>Cuts a body that stands still, once that is wanted; null where none is cut. Disposed with the response.</summary>
    public BodyStillness? Stillness { get; init; }

    /// <inheritdoc/>
    public override string Origin { get; }

    /// <inheritdoc/>
    public override int Status => (int)_response.StatusCode;

    /// <inheritdoc/>
    public override string ReasonPhrase => _response.ReasonPhrase ?? "";

    /// <inheritdoc/>
    public override ImmutableArray<ForwardedField> Fields =>
        _fields.IsDefault ? _fields = ReadFields(_response.Headers, _response.Content.Headers) : _fields;

    /// <inheritdoc/>
    public override long ContentLength => ResponseFraming.LengthOf(_response);

    /// <inheritdoc/>
    public override bool HasMarkedEnd => _response.Headers.TransferEncodingChunked == true || ContentLength >= 0;

    /// <inheritdoc/>
    public override async ValueTask<BodyRead> ReadAsync(Memory<byte> buffer)
    {
        try
        {
            _deadline.Arm(_timeouts.BetweenBytes);
            Stillness?.Begin();
            int read = await _body.ReadAsync(buffer, _deadline.Token);
            _deadline.Disarm();
            Stillness?.End();
            return read == 0 && !HasMarkedEnd && _connection is { WasCutOff: true }
                ? new BodyRead(0, new Failure(FetchError.HttpResponseIncomplete, "the connection ended without TLS close_notify"))
                : new BodyRead(read, Failure.None);
        }
        catch (OperationCanceledException)
        {
            _deadline.ThrowIfCallerCancelled();
            if (Stillness?.CutAfter is { } still)
            {
                string detail = $"no bytes for {still.TotalSeconds:0.###} s, which is unusual";
                return new BodyRead(0, new Failure(FetchError.HttpResponseIncomplete, detail) { IsCut = true });
            }

            return new BodyRead(0, _deadline.IsTotalOver
                ? new Failure(FetchError.HttpResponseTimeout, $"not complete within {_timeouts.SubrequestTotal.TotalSeconds:0.###} s")
                : new Failure(FetchError.HttpResponseIncomplete, $"no bytes for {_timeouts.BetweenBytes.TotalSeconds:0.###} s"));
        }
        catch (Exception error) when (error is HttpIOException or IOException or HttpRequestException)
        {
            _deadline.ThrowIfCallerCancelled();
            return new BodyRead(0, new Failure(FetchError.HttpResponseIncomplete, error.Message));
        }
    }

    /// <inheritdoc/>
    public override void LimitTotalTime() => _deadline.LimitTotal(_timeouts.SubrequestTotal);

    /// <inheritdoc/>
    public override void CutWhenStill() => Stillness?.Start();

    /// <inheritdoc/>
    public override void Abort() => _deadline.Expire();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Stillness?.Dispose();
        _response.Dispose();
        _deadline.Dispose();
    }

    // NonValidated: every line as it came, nothing parsed, joined or dropped.
    private static ImmutableArray<ForwardedField> ReadFields(HttpResponseHeaders ofResponse, HttpContentHeaders ofContent)
    {
        var fields = ImmutableArray.CreateBuilder<ForwardedField>(ofResponse.NonValidated.Count + ofContent.NonValidated.Count);
        AddLines(ofResponse, fields);
        AddLines(ofContent, fields);
        return fields.DrainToImmutable();
    }

    private static void AddLines(HttpHeaders headers, ImmutableArray<ForwardedField>.Builder fields)
    {
        foreach (var header in headers.NonValidated)
        {
            foreach (string value in header.Value)
            {
                fields.Add(new ForwardedField(header.Key, value));
            }
        }
    }
}
