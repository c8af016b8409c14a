using System.Security.Cryptography.X509Certificates;
using Slice.Core.Options;
using Slice.Net.Certificates;

namespace Slice.Host.Configuration;

/// <summary>Reads configuration files: YAML, with the keys of <see cref="OptionTable"/>.</summary>
public static class ConfigurationReader
{
    /// <summary>
    /// Reads files one over the other: a later file overrides single keys, lists as a whole; a key without a value says nothing. Reads to
    /// the end whatever is wrong, so that one run shows every error.
    /// </summary>
    /// <param name="files">Paths, at least one; relative ones start at the working directory.</param>
    public static ConfigurationResult Read(IReadOnlyList<string> files)
    {
        SliceOptions options = new();
        ConfigurationPlaces places = new();
        List<ConfigurationError> errors = [];
        bool everyFileIsYaml = true;
        foreach (string file in files)
        {
            int errorsBefore = errors.Count;
            ConfigurationNode? root = ConfigurationFile.ReadText(file, errors) is string text
                ? YamlTreeReader.Read(file, text, errors)
                : null;
            bool saysKeys = root is null or ConfigurationSection or ConfigurationScalar { IsNull: true };
            everyFileIsYaml &= saysKeys && errors.Count == errorsBefore;
            options = ConfigurationBinder.Bind(file, root, options, places, errors);
        }

        AddErrorsBetweenKeys(options, files[^1], places, everyFileIsYaml, errors);
        return errors.Count == 0 ? new ConfigurationResult(options, errors) : new ConfigurationResult(null, InOrderOf(files, errors));
    }

    private static void AddErrorsBetweenKeys(
        SliceOptions options, string lastFile, ConfigurationPlaces places, bool everyFileIsYaml, List<ConfigurationError> errors)
    {
        var found = SliceOptionsValidator.Validate(options).Concat(CheckFiles(options)).Concat(CheckServerCertificate(options.Tls));
        foreach (OptionError error in found)
        {
            (string File, int Line, int Column)? place = places.Find(error.Key);
            // What a broken file would have said is unknown, so nothing is missing yet.
            bool isUncertain = places.IsFaulty(error.Key) || (place is null && !everyFileIsYaml) || IsOfFaultyType(error, places);
            if (!isUncertain)
            {
                (string file, int line, int column) = place ?? (lastFile, 1, 1);
                errors.Add(new ConfigurationError(file, line, column, error.Key, error.Value, error.Problem, error.Allowed));
            }
        }
    }

    // Which keys go with a type that was misspelled is unknown, too.
    private static bool IsOfFaultyType(OptionError error, ConfigurationPlaces places) =>
        OptionTable.ParentOf(error.Key) == "shared_cache" && places.IsFaulty("shared_cache.type");

    // A file that cannot be used is as wrong as a value that cannot: better said now than at the first request.
    private static IEnumerable<OptionError> CheckFiles(SliceOptions options) =>
    [
        .. CheckAuthorities("upstream_tls.ca_file", options.UpstreamTls.CaFile),
        .. CheckAuthorities("shared_cache.tls_ca_file", options.SharedCache.TlsCaFile),
    ];

    private static IEnumerable<OptionError> CheckAuthorities(string key, string? file)
    {
        if (file is string path && CertificateBundle.Read(path, out var certificates) is var problem)
        {
            foreach (X509Certificate2 certificate in certificates)
            {
                certificate.Dispose();
            }

            if (problem is not null)
            {
                yield return new OptionError(key, path, problem, CertificateBundle.Syntax);
            }
        }
    }

    private static IEnumerable<OptionError> CheckServerCertificate(TlsOptions tls)
    {
        if (tls is { ListenAddress: not null, Certificate: { } certificate, Key: { } key }
            && ServerCertificate.Check(certificate, key) is { } problem)
        {
            yield return File.Exists(certificate) && !File.Exists(key)
                ? new OptionError("tls.key", key, problem, ServerCertificate.Syntax)
                : new OptionError("tls.certificate", certificate, problem, ServerCertificate.Syntax);
        }
    }

    private static ConfigurationError[] InOrderOf(IReadOnlyList<string> files, List<ConfigurationError> errors)
    {
        List<string> order = [.. files];
        return [.. errors.OrderBy(error => order.IndexOf(error.Source)).ThenBy(error => error.Line).ThenBy(error => error.Column)];
    }
}
