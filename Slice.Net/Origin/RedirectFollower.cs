using System.Security.Cryptography;
using System.Text;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Follows redirects of objects for requests of ours (B64): what is behind them is the answer to the first target, and kept under its name.
/// A part of the settings of a request. Thread-safe.
/// </summary>
/// <remarks>
/// <para>A first request, and a validation, ask for the redirect each time. The slices of the version that was found ask the place where it
/// was found, until that refuses: a signature has expired. Then they ask for the redirect anew; whether the version behind the new one is
/// the same, the validators tell, as ever.</para>
/// <para>A place is remembered for requests that are the same in every field, and what a redirect varies by, its answer varies by. The
/// lifetime of a redirect, and whether it may be kept, mean nothing: they are of the place, a signed address for instance, and the operator
/// has named the hosts whose content is for everybody.</para>
/// <para>Only a request as a stranger makes it is followed, and only to hosts of the operator's list; no field goes there that says who
/// asked. A redirect that is not followed, by too many steps, in a circle or to nothing of use, is the answer as the origin gave it.</para>
/// </remarks>
internal sealed class RedirectFollower : IOriginClient
{
    private readonly OriginClient _origin;
    private readonly RedirectPools _pools;
    private readonly RedirectHosts _hosts;
    private readonly SliceOptions _options;
    private readonly TimeProvider _time;

    /// <summary>A follower under a configuration that wants one.</summary>
    public RedirectFollower(OriginClient origin, RedirectPools pools, SliceOptions options, TimeProvider time)
    {
        (_origin, _pools, _options, _time) = (origin, pools, options, time);
        _hosts = new RedirectHosts(options.FollowRedirectsHosts);
    }

    private RedirectMemory Memory => _pools.Memory;

    /// <inheritdoc/>
    public async ValueTask<OriginResult> SendAsync(OriginRequest request, CancellationToken ct)
    {
        if (!request.Template.FollowsRedirects)
        {
            return await _origin.SendAsync(request, ct);
        }

        string key = KeyOf(request.Template);
        var known = Memory.Find(key, out bool wasRedirected);
        if (known is not null && request.IsOfVersion)
        {
            var result = await AskAsync(known.Target, request, ct);
            if (result.Response is { } answer && IsOfUse(answer.Status))
            {
                return Redirected(answer, known.Vary);
            }

            result.Response?.Dispose();
            Memory.Expire(key);
        }

        // A redirect knows nothing of the version behind it: some servers would find that another one is asked for.
        var first = await _origin.SendAsync(wasRedirected ? request with { PinnedVersion = null, KnownVersion = null } : request, ct);
        if (first.Response is not { } redirect || !IsRedirect(redirect.Status))
        {
            if (first.Response is { Status: < 400 })
            {
                Memory.Forget(key);
            }

            return first;
        }

        return await FollowAsync(redirect, key, request, ct);
    }

    private static bool IsRedirect(int status) => status is 301 or 302 or 303 or 307 or 308;

    // The object, what there is to say of its version or length, and a trouble that may pass.
    private static bool IsOfUse(int status) => status is 200 or 206 or 304 or 412 or 416 || PartialResponseCheck.MayPass(status);

    private static OriginResult Redirected(OriginResponse response, IReadOnlyList<ForwardedField> vary) =>
        new(new RedirectedResponse(response, vary), Failure.None);

    // Everything that a redirect may depend on: two clients whose requests differ may be led to two places. As a digest, as the fields may
    // be long; SHA-256, as they are the clients'.
    private static string KeyOf(SubrequestTemplate template)
    {
        var request = new StringBuilder(template.Host).Append('\n').Append(template.Target);
        foreach (var field in template.Fields)
        {
            request.Append('\n').Append(field.Name).Append(':').Append(field.Value);
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(request.ToString())));
    }

    private static IEnumerable<ForwardedField> VaryOf(OriginResponse redirect) =>
        redirect.Fields.Where(static line => IsNamed(line, "Vary"));

    // Owns the redirect, which is the answer where nothing better is found.
    private async ValueTask<OriginResult> FollowAsync(OriginResponse redirect, string key, OriginRequest request, CancellationToken ct)
    {
        OriginResponse? answer = null;
        bool isReplaced = false;
        try
        {
            var at = AddressOf(redirect.Origin, request.Template.Target);
            var seen = new HashSet<RedirectTarget> { at };
            List<ForwardedField> vary = [.. VaryOf(redirect)];
            string? location = redirect.FindSingle("Location");
            for (int step = 0; step < _options.FollowRedirects; step++)
            {
                if (RedirectTarget.Parse(location, at) is not { } target || !_hosts.Allow(target.Host) || !seen.Add(target))
                {
                    break;
                }

                answer?.Dispose();
                (answer, var failure) = await AskAsync(target, request, ct);
                if (answer is null)
                {
                    // A download under way goes on when that passes; another client may get there where we do not.
                    isReplaced = request.IsOfVersion;
                    return isReplaced ? new OriginResult(null, failure) : new OriginResult(redirect, Failure.None);
                }

                if (IsOfUse(answer.Status))
                {
                    Memory.Remember(key, new RedirectEnd(target, vary));
                    isReplaced = true;
                    var found = answer;
                    answer = null;
                    return Redirected(found, vary);
                }

                if (!IsRedirect(answer.Status))
                {
                    break;
                }

                vary.AddRange(VaryOf(answer));
                (at, location) = (target, answer.FindSingle("Location"));
            }

            return new OriginResult(redirect, Failure.None);
        }
        catch
        {
            isReplaced = true;
            throw;
        }
        finally
        {
            answer?.Dispose();
            if (isReplaced)
            {
                redirect.Dispose();
            }
        }
    }

    // The origin itself is asked by its own client, with the client's Host where that is forwarded.
    private async ValueTask<OriginResult> AskAsync(RedirectTarget target, OriginRequest request, CancellationToken ct)
    {
        var template = request.Template;
        bool isOrigin = _options.UpstreamAddresses.Any(address => target.IsAtSamePlace(RedirectTarget.Of(address, target.PathAndQuery)));
        var anonymous = request with
        {
            Template = template with
            {
                Target = target.PathAndQuery,
                Host = isOrigin ? template.Host : null,
                Fields = [.. template.Fields.Where(GoesAlong)],
            },
            InterimResponses = null,
            PreferredOrigin = null,
            OriginsOfOtherVersions = [],
        };
        if (isOrigin)
        {
            return await _origin.SendAsync(anonymous, ct);
        }

        try
        {
            var client = new PoolClient(_pools.For(target.IsTls), _options.Timeouts, _time);
            return await client.SendAsync(target.Endpoint, new OriginCall(anonymous), OriginWatch.Start(null), ct);
        }
        catch (InvalidDataException error)
        {
            return new OriginResult(null, new Failure(FetchError.TlsCertificateError, error.Message));
        }
    }

    private RedirectTarget AddressOf(string? origin, string target)
    {
        var addresses = _options.UpstreamAddresses;
        return RedirectTarget.Of(addresses.FirstOrDefault(address => OriginAddress.Format(address) == origin, addresses[0]), target);
    }

    // What tells one representation from another, and nothing that a key could be made of. Origin for CORS, which a browser needs;
    // and our own name, so that a redirect that leads back to us is noticed.
    private static bool GoesAlong(ForwardedField field) =>
        IsNamed(field, "Accept") || IsNamed(field, "Accept-Language") || IsNamed(field, "User-Agent")
        || IsNamed(field, "Origin") || IsNamed(field, "Via") || IsNamed(field, "CDN-Loop");

    private static bool IsNamed(ForwardedField field, string name) => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}
