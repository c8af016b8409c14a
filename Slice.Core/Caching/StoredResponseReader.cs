using System.Runtime.InteropServices;
using System.Text;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Core.Caching;

/// <summary>
/// Makes a <see cref="StoredResponse"/> of what the origin sent: which fields go on to clients, how long it is fresh, and whether
/// others may see it (RFC 9111 §3). Thread-safe.
/// </summary>
public sealed class StoredResponseReader
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly CachePolicy _policy;
    private readonly TimeProvider _time;

    /// <summary>A reader under the operator's rules.</summary>
    public StoredResponseReader(CachePolicy policy, TimeProvider time)
    {
        _policy = policy;
        _time = time;
    }

    /// <summary>What the operator goes by when versions are compared.</summary>
    public ValidatorStrength ComparedBy => _policy.Validator;

    /// <summary>How long what says nothing about it may be used when it is stale.</summary>
    public StaleDefaults Stale => _policy.Stale;

    /// <summary>
    /// Reads what a response that has just come says to caches. The methods below go by the result, so that nothing is read twice.
    /// </summary>
    public ReceivedResponse Receive(OriginResponse response) => Receive(response, response.Status);

    /// <summary>The same for an answer that confirms a stored response: the operator's rules for its status count.</summary>
    public ReceivedResponse Receive(OriginResponse confirmation, StoredResponse stored) => Receive(confirmation, stored.Status);

    /// <summary>Makes a stored response of the head of a response that has just come.</summary>
    public StoredResponse Read(OriginResponse response, long completeLength) => Read(Receive(response), completeLength);

    /// <summary>Makes a stored response of what was received.</summary>
    /// <param name="received">The response.</param>
    /// <param name="completeLength">Bytes of the whole representation.</param>
    public StoredResponse Read(in ReceivedResponse received, long completeLength)
    {
        var response = received.Response;
        var lines = new List<ForwardedField>(response.Fields.Length + 1);
        bool isPart = response.Status == 206 && response.ContentLength != completeLength;
        foreach (var line in response.Fields)
        {
            bool isIgnored = (received.IgnoresSetCookie && FieldLines.Is(line, "Set-Cookie"))
                || (isPart && StoredFields.IsOfContent(line.Name));
            if (!isIgnored && StoredFields.IsStored(line.Name, response.Fields.AsSpan()))
            {
                lines.Add(line);
            }
        }

        var validator = PartialResponseCheck.ValidatorOf(response, completeLength);
        return Build(lines, response.Status == 206 ? 200 : response.Status, validator, received, confirmed: null);
    }

    /// <summary>
    /// Brings a stored response up to date with a 304: its fields replace the stored ones of the same name (RFC 9111 §3.2), the
    /// version stays. A HEAD's 200 does the same (RFC 9111 §4.3.5).
    /// </summary>
    public StoredResponse Freshen(StoredResponse stored, OriginResponse notModified)
    {
        var updates = new List<ForwardedField>();
        bool storesSetCookie = _policy.StoresSetCookie && _policy.RuleFor(stored.Status)?.Ignores(CacheIgnore.SetCookie) != true;
        foreach (var line in notModified.Fields)
        {
            if (StoredFields.IsStored(line.Name, notModified.Fields.AsSpan()) && StoredFields.IsUpdatedBy304(line.Name, storesSetCookie))
            {
                updates.Add(line);
            }
        }

        // A 304 without Date was made now (RFC 9110 §6.6.1), not when the stored response was: the old Date goes in any case.
        var lines = StoredFields.Parse(stored.FieldLines.Span);
        lines.RemoveAll(line => FieldLines.Is(line, "Date") || updates.Exists(update => FieldLines.Is(line, update.Name)));
        lines.AddRange(updates);
        var received = ReceivedResponse.Read(
            notModified, CollectionsMarshal.AsSpan(lines), stored.Status, stored.HasRanges, stored.CompleteLength, Instant.Now(_time),
            _policy);
        return Build(lines, stored.Status, stored.Validator, received, stored);
    }

    /// <summary>Whether a shared cache may use a response for other requests (RFC 9111 §3), and for which.</summary>
    /// <param name="received">The response.</param>
    /// <param name="request">What the request says about sharing.</param>
    /// <param name="template">What the origin was asked with.</param>
    /// <param name="otherwiseVaries">
    /// What selects among answers of the key that are stored already, as in Vary, for a response that says nothing; null for nothing.
    /// </param>
    /// <param name="selecting">The fields that another request must agree in; null when any does.</param>
    /// <returns><see cref="CacheDetail.None"/> when others may have it; else why they may not.</returns>
    public CacheDetail Judge(
        in ReceivedResponse received, RequestSharing request, SubrequestTemplate template, string? otherwiseVaries,
        out SelectingFields? selecting)
    {
        selecting = null;
        if (!_policy.IsEnabled)
        {
            return CacheDetail.CacheOff;
        }

        if (!_policy.StoresSetCookie && !received.IgnoresSetCookie && received.Response.FindCombined("Set-Cookie") is not null)
        {
            return CacheDetail.SetCookie;
        }

        // RFC 9111 §3.5 lets must-revalidate share what Authorization has got; of cookies it says nothing.
        bool isForCookie = request == RequestSharing.Own
            && template.Fields.Any(field => field.Name.Equals("Cookie", StringComparison.OrdinalIgnoreCase));
        if (isForCookie && !received.Directives.IsPublic && received.Directives.SharedMaxAge is null)
        {
            return CacheDetail.OwnFields;
        }

        var detail = Storability.Judge(received, request);
        return detail != CacheDetail.None ? detail
            : SelectingFields.TryRead(
                VaryOf(received.Response, template, otherwiseVaries), template.Fields, template.PassesAcceptEncoding, out selecting)
            ? CacheDetail.None
            : CacheDetail.Vary;
    }

    /// <summary>
    /// Whether an answer that confirms a stored response says that other fields select it than it said itself. Then the stored response may
    /// not be used for others, as it was never looked at which of their values it answers.
    /// </summary>
    public static bool VariesOtherwise(StoredResponse stored, OriginResponse confirmation)
    {
        if (confirmation.FindCombined("Vary") is not { } vary)
        {
            return false;
        }

        ReadOnlySpan<ForwardedField> lines = CollectionsMarshal.AsSpan(StoredFields.Parse(stored.FieldLines.Span));
        return !vary.Equals(FieldLines.Combine(lines, "Vary"), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether a 304 takes back the permission to keep what it validates.</summary>
    public bool TakesBack(in ReceivedResponse notModified) =>
        !_policy.IsEnabled || notModified.Directives.NoStore || notModified.Directives.IsPrivate;

    private ReceivedResponse Receive(OriginResponse response, int status) =>
        ReceivedResponse.Read(response, status, Instant.Now(_time), _policy);

    // A coded body that does not say that it varies by coding does: another client may not know the coding.
    private static string? VaryOf(OriginResponse response, SubrequestTemplate template, string? otherwiseVaries)
    {
        string? vary = response.FindCombined("Vary") ?? otherwiseVaries;
        return template.PassesAcceptEncoding && PartialResponseCheck.HasContentCoding(response) ? vary + ", Accept-Encoding" : vary;
    }

    private StoredResponse Build(
        List<ForwardedField> lines, int status, Validator validator, in ReceivedResponse received, StoredResponse? confirmed)
    {
        var now = received.ReceivedAt.Utc;
        if (FieldLines.Find(CollectionsMarshal.AsSpan(lines), "Date") is null)
        {
            // RFC 9110 §6.6.1: a recipient that forwards or caches a response without Date adds one.
            Span<byte> written = stackalloc byte[HttpDate.FixdateBytes];
            HttpDate.Write(now, written);
            lines.Add(new ForwardedField("Date", Encoding.ASCII.GetString(written)));
        }

        ReadOnlySpan<ForwardedField> stored = CollectionsMarshal.AsSpan(lines);

        // A Date that was added just now has no fractions of a second, which the time of receipt has.
        var date = received.Date ?? ReceivedResponse.ParseDate(FieldLines.Find(stored, "Date")!, now);
        var modified = validator.LastModified is { } value ? ReceivedResponse.ParseDate(value, now) : null;
        bool isDateStrong = date - modified >= s_second;
        bool isOfItsSecond = date >= modified && !isDateStrong;
        var directives = received.Directives;
        var lifetime = directives.NoCache ? null : received.Lifetime;
        return new StoredResponse(
            validator,
            new Freshness(
                received.ReceivedAt,
                AgeWhenReceived(received.Response.FindCombined("Age"), date ?? now, now),
                lifetime ?? TimeSpan.Zero),
            StoredFields.Format(stored),
            modified,
            date)
        {
            Status = status,
            RequiresValidation = directives.NoCache,
            IsForEverybody = directives.IsPublic || directives.SharedMaxAge is not null,
            HasRanges = received.HasRanges,
            MayCombine = validator.AllowsCombining(_policy.Validator, isDateStrong, isOfItsSecond),
            HasStrongValidator = validator.AllowsCombining(ValidatorStrength.Strict, isDateStrong, isOfItsSecond: false),
            Stale = StaleUseOf(directives),
            Tags = CacheTags.Read(
                received.Response.FindCombined(CacheTags.SurrogateKeyField),
                FieldLines.Combine(stored, CacheTags.CacheTagField),
                confirmed?.Tags),
        };
    }

    // What the response itself allows is allowed in spite of s-maxage, which alone would forbid it: it was said on purpose.
    private static StaleUse StaleUseOf(in CacheControl directives)
    {
        bool isForbidden = directives.MustRevalidate || directives.ProxyRevalidate || directives.NoCache;
        return isForbidden
            ? new StaleUse(IsForbidden: true, TimeSpan.Zero, TimeSpan.Zero)
            : new StaleUse(
                directives.ForbidsStale,
                directives.StaleWhileRevalidate ?? (directives.ForbidsStale ? TimeSpan.Zero : null),
                directives.StaleIfError ?? (directives.ForbidsStale ? TimeSpan.Zero : null));
    }

    private static TimeSpan AgeWhenReceived(string? age, DateTimeOffset date, DateTimeOffset now)
    {
        // RFC 9111 §5.1: of a list the first member counts, and what is no number is as if it were absent.
        int comma = age.AsSpan().IndexOf(',');
        var stated = DeltaSeconds.Parse((comma < 0 ? age : age.AsSpan(0, comma)).Trim(" \t"));
        // Date has no fractions: an answer of this very second is not old.
        var apparent = now - date;
        return apparent >= TimeSpan.FromSeconds(1) && apparent > stated ? apparent : stated;
    }
}
